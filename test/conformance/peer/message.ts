/** A JSON value in which integers beyond 2^53 keep all their digits, as bigints. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [name: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [name: string]: Json };

/** Whether a value is an object, neither array nor null. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses JSON text without rounding large integers. */
export function parseJson(text: string): Json {
  const exact = (_name: string, value: Json, context?: { readonly source?: string }): Json =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? "")
      : value;
  return JSON.parse(text, exact);
}

/** What a server's message is, by its members (01 W-20). */
export type ServerMessage =
  | { readonly kind: "answer"; readonly id: string; readonly body: JsonObject }
  | { readonly kind: "notification"; readonly method: string; readonly params: JsonObject };

/** Names an id exactly, type and digits: `1` and `"1"` differ, and so do neighbours beyond 2^53. */
export function idKey(id: Json | undefined): string {
  return typeof id === "bigint" ? id.toString() : JSON.stringify(id);
}

/** Classifies a message of the server; throws where it is none of the shapes a server may send. */
export function parseServerMessage(text: string): ServerMessage {
  const body = parseJson(text);
  if (isObject(body)) {
    const { id, method, params } = body;
    if (typeof method === "string" && isObject(params)) return { kind: "notification", method, params };
    const isError =
      isObject(body.error) && typeof body.error.code === "number" && typeof body.error.message === "string";
    if (id !== undefined && isError !== "result" in body) return { kind: "answer", id: idKey(id), body };
  }
  throw new Error(`not a message that a server may send: ${text.slice(0, 500)}`);
}
