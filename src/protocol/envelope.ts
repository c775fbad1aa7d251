import { errorCodes } from "./error-codes.ts";
import { RpcError } from "./errors.ts";
import { encodeExactJson, parseExactJson } from "./exact-json.ts";
import { parseLifted } from "./lifted-chunk.ts";
import { isAcceptableTrace, type TraceContext } from "./trace-context.ts";

/** A request id, echoed exactly: a string or a signed 64-bit integer, as `bigint` where a `number` would round (01 W-22). */
export type RequestId = string | number | bigint;

/** An incoming message, classified as 01 W-21 says. */
export type Message =
  | {
      readonly kind: "request";
      readonly id: RequestId;
      readonly method: string;
      readonly params: unknown;
      readonly trace: TraceContext | null | undefined;
    }
  | { readonly kind: "notification"; readonly method: string; readonly params: unknown }
  | { readonly kind: "response"; readonly id: RequestId; readonly result: unknown }
  | { readonly kind: "error"; readonly id: RequestId; readonly error: RpcError }
  | {
      readonly kind: "malformed";
      readonly detail: string;
      /** That of a request which is unusable for another reason, so that its sender learns of it (07 E-46). */
      readonly id?: RequestId;
    };

/** The id of the answer to a message that has none of its own (01 W-31). */
const malformedId = -1;

/** With a byte order mark a message is no JSON, whether it came as text or as bytes. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const decodeText = (bytes: Uint8Array) => utf8.decode(bytes);
const idMin = -(2n ** 63n);
const idMax = 2n ** 63n - 1n;

/**
 * Decodes one message. Total: whatever the bytes, the answer is a value, never an exception. Of a message that came as bytes a
 * long `chunk` is decoded already, and is a `Uint8Array`; the message may be used up by that.
 */
export function decodeMessage(data: string | Uint8Array): Message {
  let value: unknown;
  try {
    value =
      typeof data === "string"
        ? parseExactJson(data)
        : (parseLifted(data, decodeText) ?? parseExactJson(decodeText(data)));
  } catch (error) {
    return { kind: "malformed", detail: error instanceof Error ? error.message : String(error) };
  }
  return classify(value);
}

const noTraceContext = "`trace` is not a trace context";

function classify(value: unknown): Message {
  if (!isObject(value)) return { kind: "malformed", detail: "not a JSON object" };
  const { id, method, trace } = value;
  if (typeof method === "string") {
    if (!("id" in value)) {
      if (!isAcceptableTrace(trace)) return { kind: "malformed", detail: noTraceContext };
      return { kind: "notification", method, params: value.params };
    }
    // The reference of June takes these for notifications and hangs up; later ones answer, which serves the peer better (01 W-21a).
    if (!isRequestId(id)) return { kind: "malformed", detail: "`id` is neither a string nor a 64-bit integer" };
    if (!isAcceptableTrace(trace)) return { kind: "malformed", detail: noTraceContext, id };
    return { kind: "request", id, method, params: value.params, trace };
  }
  if (!isRequestId(id)) return { kind: "malformed", detail: "neither `method` nor an acceptable `id`" };
  if ("result" in value) return { kind: "response", id, result: value.result };
  const { error } = value;
  if (isObject(error) && typeof error.message === "string" && Number.isInteger(error.code)) {
    const data = error.data;
    return { kind: "error", id, error: new RpcError(Number(error.code), error.message, { data }) };
  }
  return { kind: "malformed", detail: "none of request, notification, response, error" };
}

/** Encodes a request; with the trace that it belongs to, for an executor that has offered to take it (07 E-45). */
export function encodeRequest(
  id: RequestId,
  method: string,
  params: unknown,
  trace: TraceContext | null = null,
): string {
  const tail = trace === null ? "}" : `,"trace":${JSON.stringify(trace)}}`;
  return `{"id":${encodeId(id)},"method":${JSON.stringify(method)},"params":${JSON.stringify(params)}${tail}`;
}

/** Encodes a notification. */
export function encodeNotification(method: string, params: unknown): string {
  return `{"method":${JSON.stringify(method)},"params":${JSON.stringify(params)}}`;
}

/** Encodes a successful answer. */
export function encodeResult(id: RequestId, result: unknown): string {
  return `${encodeResultHead(id)}${encodeExactJson(result)}}`;
}

/** What stands before the result in a successful answer; behind it stands a brace. */
export function encodeResultHead(id: RequestId): string {
  return `{"id":${encodeId(id)},"result":`;
}

/** Encodes an error answer; `data` goes along only where there is some (04 F-6). */
export function encodeError(id: RequestId, error: RpcError): string {
  const body = { code: error.rpcCode, message: error.message, data: error.data };
  return `{"error":${JSON.stringify(body)},"id":${encodeId(id)}}`;
}

/** Encodes the answer to a message that could not be understood (01 W-31), under its own id where that much was (07 E-46). */
export function encodeMalformed(transport: string, peer: string, detail: string, id: RequestId = malformedId): string {
  const source = transport === "websocket" ? `exec-server websocket ${peer}` : `exec-server ${transport}`;
  const kind = transport === "websocket" ? "websocket JSON-RPC" : "JSON-RPC";
  const message = `failed to parse ${kind} message from ${source}: ${detail}`;
  return encodeError(id, new RpcError(errorCodes.invalidRequest, message));
}

function encodeId(id: RequestId): string {
  return typeof id === "string" ? JSON.stringify(id) : String(id === 0 ? 0 : id);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRequestId(id: unknown): id is RequestId {
  if (typeof id === "string" || Number.isSafeInteger(id)) return true;
  return typeof id === "bigint" && id >= idMin && id <= idMax;
}
