import type { Result } from "../protocol/methods.ts";

type BodyBytes = ReadableStream<Uint8Array<ArrayBuffer>>;
type Head = Result<"http/request">;
type Coding = ConstructorParameters<typeof DecompressionStream>[0];

const withoutBody: ReadonlySet<number> = new Set([204, 205, 304]);
const codings: Readonly<Record<string, Coding>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  // In every supported Node; not yet in TypeScript's library.
  br: "brotli" as Coding,
};

/** The response as a platform's fetch would give it: decoded, with its URL, and with no body where there can be none (06 F-3 to F-5). */
export function responseOf(head: Head, request: Request, readable: BodyBytes): Response {
  const { status, statusText = "", url = request.url, redirected = false } = head;
  const headers = new Headers();
  for (const { name, value } of head.headers) headers.append(name, octetsOf(value));
  const hasBody = request.method !== "HEAD" && !withoutBody.has(status);
  const body = hasBody ? decoded(readable, headers.get("content-encoding")) : null;
  const phrase = /^[\t\x20-\x7e\x80-\xff]*$/.test(statusText) ? statusText : "";
  return withFacts(new Response(body, { status, statusText: phrase, headers }), { url, redirected });
}

/** What a `Response` knows only when a platform's fetch has made it. */
function withFacts(response: Response, facts: { readonly url: string; readonly redirected: boolean }): Response {
  const clone = () => withFacts(Response.prototype.clone.call(response), facts);
  return Object.defineProperties(response, {
    url: { value: facts.url },
    redirected: { value: facts.redirected },
    type: { value: "basic" },
    clone: { value: clone },
  });
}

/** The last coding that was applied is taken off first; one that is unknown leaves everything as it is. */
function decoded(readable: BodyBytes, contentEncoding: string | null): BodyBytes {
  const names = (contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const formats = names.map((name) => codings[name]).filter((format) => format !== undefined);
  if (formats.length < names.length) return readable;
  return formats.reduceRight<BodyBytes>(
    (stream, format) => stream.pipeThrough(new DecompressionStream(format)),
    readable,
  );
}

/** `Headers` takes bytes: text beyond them becomes its UTF-8. */
function octetsOf(value: string): string {
  return /^[\0-\xff]*$/.test(value) ? value : Buffer.from(value).toString("latin1");
}
