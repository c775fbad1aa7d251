import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { connect, type RemoteFetch, serve } from "../../src/index.ts";
import { httpOrigin, rawOrigin } from "../http-origin.ts";
import { verifies } from "../rules/verifies.ts";

const server = await serve();
const link = await connect(server.url);
let released = 0;
const gates = new Map<string | null, PromiseWithResolvers<void>>();
/** What `/gated` waits for, by its name. */
function gate(name: string | null): PromiseWithResolvers<void> {
  const known = gates.get(name) ?? Promise.withResolvers<void>();
  gates.set(name, known);
  return known;
}
const origin = await httpOrigin({
  "/drip": (_query, _request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("first");
    response.on("close", () => {
      released += 1;
    });
  },
  "/br": (_query, _request, response) =>
    response.writeHead(200, { "content-encoding": "br" }).end(brotliCompressSync("brotli")),
  "/deflate": (_query, _request, response) =>
    response.writeHead(200, { "content-encoding": "deflate" }).end(deflateSync("deflated")),
  "/cookies": (_query, _request, response) =>
    response.writeHead(200, { "set-cookie": ["a=1", "b=2"], "x-rep": ["1", "2"] }).end(),
  "/binary": (_query, _request, response) => response.end(Buffer.from(Array.from({ length: 256 }, (_, n) => n))),
  "/large": (_query, _request, response) => response.end(Buffer.alloc(3 * 1024 * 1024, "x")),
  "/json": (_query, _request, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"a":[1,"ü"]}'),
  "/multipart": (_query, _request, response) =>
    response
      .writeHead(200, { "content-type": "multipart/form-data; boundary=b" })
      .end('--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'),
  "/double": (_query, _request, response) =>
    response.writeHead(200, { "content-encoding": "deflate, gzip" }).end(gzipSync(deflateSync("twice"))),
  "/unknown-coding": (_query, _request, response) =>
    response.writeHead(200, { "content-encoding": "x-none" }).end("as it is"),
  "/broken-gzip": (_query, _request, response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end("no gzip"),
  "/range": (_query, request, response) =>
    response.writeHead(206, { "content-range": `${request.headers.range}/10` }).end("part"),
  "/length": async (_query, request, response) => {
    let length = 0;
    for await (const piece of request) length += piece.length;
    response.end(String(length));
  },
  "/gated": async (query, _request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: first\n\n");
    await gate(query.get("name")).promise;
    response.end("data: second\n\n");
  },
  "/form": (_query, _request, response) =>
    response.writeHead(200, { "content-type": "application/x-www-form-urlencoded" }).end("a=1&b=%C3%BC"),
});
const { url } = origin;
const elsewhere = await httpOrigin();

afterAll(async () => {
  await link.close();
  await server.close();
  await origin[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
});

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly headers: Headers;
}

async function echo(fetch: RemoteFetch, init: RequestInit = {}, path = "/echo"): Promise<Echo> {
  const { rawHeaders, body, ...rest } = (await (await fetch(url + path, init)).json()) as {
    rawHeaders: string[];
    body: string;
    method: string;
    url: string;
  };
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  return { ...rest, body: Buffer.from(body, "base64").toString(), headers };
}

const redirect = (code: number, to: string) => `${url}/redir?code=${code}&to=${encodeURIComponent(to)}`;

/** What went wrong, as far as both fetches say the same. */
async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "nothing",
    (error: Error) => [error.name, error.message],
  );
}

async function collect(stream: ReadableStream<Uint8Array> | null): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream ?? []) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** What both fetches do: the case, and what it comes to. */
const both: readonly (readonly [string, (fetch: RemoteFetch) => Promise<unknown>, unknown])[] = [
  ["a GET has a status", async (fetch) => (await fetch(`${url}/status?code=200&body=ok`)).status, 200],
  ["ok for 2xx", async (fetch) => (await fetch(`${url}/status?code=204`)).ok, true],
  ["not ok for 404", async (fetch) => (await fetch(`${url}/nowhere`)).ok, false],
  ["not ok for 500", async (fetch) => (await fetch(`${url}/status?code=500`)).ok, false],
  ["a status text", async (fetch) => (await fetch(`${url}/status?code=418`)).statusText, "I'm a Teapot"],
  ["status 599", async (fetch) => (await fetch(`${url}/status?code=599&body=x`)).status, 599],
  ["the URL of the response", async (fetch) => (await fetch(`${url}/json?x`)).url, `${url}/json?x`],
  ["no redirect", async (fetch) => (await fetch(`${url}/json`)).redirected, false],
  ["the type of the response", async (fetch) => (await fetch(`${url}/json`)).type, "basic"],
  ["text", async (fetch) => (await fetch(`${url}/status?code=200&body=text`)).text(), "text"],
  ["json", async (fetch) => (await fetch(`${url}/json`)).json(), { a: [1, "ü"] }],
  [
    "bytes",
    async (fetch) => [...new Uint8Array(await (await fetch(`${url}/binary`)).arrayBuffer())],
    Array.from({ length: 256 }, (_, n) => n),
  ],
  ["a blob", async (fetch) => (await (await fetch(`${url}/binary`)).blob()).size, 256],
  [
    "a form",
    async (fetch) => [...(await (await fetch(`${url}/form`)).formData()).entries()],
    [
      ["a", "1"],
      ["b", "ü"],
    ],
  ],
  ["a large body", async (fetch) => (await (await fetch(`${url}/large`)).text()).length, 3 * 1024 * 1024],
  [
    "a body is read once",
    async (fetch) => {
      const response = await fetch(`${url}/json`);
      await response.text();
      return [response.bodyUsed, ((await failure(response.text())) as string[])[0]];
    },
    [true, "TypeError"],
  ],
  [
    "a clone has all of it too",
    async (fetch) => {
      const response = await fetch(`${url}/json?c`);
      const copy = response.clone();
      return [await response.json(), await copy.json(), copy.url];
    },
    [{ a: [1, "ü"] }, { a: [1, "ü"] }, `${url}/json?c`],
  ],
  ["pieces as they come", async (fetch) => collect((await fetch(`${url}/chunks?n=3&ms=1`)).body), "chunk0chunk1chunk2"],
  [
    "a body that is piped",
    async (fetch) => {
      const { body } = await fetch(`${url}/sse?n=2`);
      let text = "";
      for await (const part of body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>))
        text += part;
      return text;
    },
    'id: 0\ndata: {"i":0}\n\nid: 1\ndata: {"i":1}\n\n',
  ],
  ["no body for 204", async (fetch) => (await fetch(`${url}/status?code=204`)).body, null],
  ["no body for 304", async (fetch) => (await fetch(`${url}/status?code=304`)).body, null],
  ["no body for HEAD", async (fetch) => (await fetch(`${url}/echo`, { method: "HEAD" })).body, null],
  ["an empty body", async (fetch) => (await fetch(`${url}/status?code=200`)).text(), ""],
  ["early hints are passed over", async (fetch) => (await fetch(`${url}/early`)).text(), "after early hints"],
  ["trailers are passed over", async (fetch) => (await fetch(`${url}/trailers`)).text(), "abc"],
  ["gzip is decoded", async (fetch) => (await fetch(`${url}/gzip`)).text(), "hello hello gzip"],
  ["brotli is decoded", async (fetch) => (await fetch(`${url}/br`)).text(), "brotli"],
  ["deflate is decoded", async (fetch) => (await fetch(`${url}/deflate`)).text(), "deflated"],
  ["its coding is told", async (fetch) => (await fetch(`${url}/gzip`)).headers.get("content-encoding"), "gzip"],
  ["cookies stay apart", async (fetch) => (await fetch(`${url}/cookies`)).headers.getSetCookie(), ["a=1", "b=2"]],
  ["repeated headers are joined", async (fetch) => (await fetch(`${url}/cookies`)).headers.get("X-Rep"), "1, 2"],
  ["a missing header", async (fetch) => (await fetch(`${url}/cookies`)).headers.get("x-none"), null],
  ["a method in upper case", async (fetch) => (await echo(fetch, { method: "post" })).method, "POST"],
  ["a private method as given", async (fetch) => (await echo(fetch, { method: "PROPFIND" })).method, "PROPFIND"],
  ["a body of text", async (fetch) => (await echo(fetch, { method: "POST", body: "tëxt" })).body, "tëxt"],
  [
    "its type",
    async (fetch) => (await echo(fetch, { method: "POST", body: "t" })).headers.get("content-type"),
    "text/plain;charset=UTF-8",
  ],
  [
    "its length",
    async (fetch) => (await echo(fetch, { method: "POST", body: "tëxt" })).headers.get("content-length"),
    "5",
  ],
  [
    "a type of the caller",
    async (fetch) =>
      (await echo(fetch, { method: "POST", body: "{}", headers: { "content-type": "application/json" } })).headers.get(
        "content-type",
      ),
    "application/json",
  ],
  [
    "a body of bytes",
    async (fetch) => (await echo(fetch, { method: "PUT", body: new Uint8Array([97, 98]) })).body,
    "ab",
  ],
  [
    "a body of a blob",
    async (fetch) => (await echo(fetch, { method: "PUT", body: new Blob(["bl", "ob"]) })).body,
    "blob",
  ],
  [
    "a body of a form",
    async (fetch) => (await echo(fetch, { method: "PUT", body: new URLSearchParams({ a: "ü" }) })).body,
    "a=%C3%BC",
  ],
  [
    "a multipart body",
    async (fetch) => {
      const form = new FormData();
      form.set("field", "value");
      return (await echo(fetch, { method: "POST", body: form })).body.includes('name="field"\r\n\r\nvalue');
    },
    true,
  ],
  [
    "a body of a stream",
    async (fetch) => {
      const body = new ReadableStream({
        start: (controller) => {
          for (const piece of ["a", "b"]) controller.enqueue(new TextEncoder().encode(piece));
          controller.close();
        },
      });
      return (await echo(fetch, { method: "POST", body, duplex: "half" } as RequestInit)).body;
    },
    "ab",
  ],
  ["no body", async (fetch) => (await echo(fetch, { method: "DELETE" })).body, ""],
  ["any accept", async (fetch) => (await echo(fetch)).headers.get("accept"), "*/*"],
  [
    "the caller's accept",
    async (fetch) => (await echo(fetch, { headers: { accept: "x/y" } })).headers.get("accept"),
    "x/y",
  ],
  [
    "headers as pairs",
    async (fetch) =>
      (
        await echo(fetch, {
          headers: [
            ["x-a", "1"],
            ["x-a", "2"],
          ],
        })
      ).headers.get("x-a"),
    "1, 2",
  ],
  [
    "headers as an object",
    async (fetch) => (await echo(fetch, { headers: new Headers({ "x-a": " v " }) })).headers.get("x-a"),
    "v",
  ],
  [
    "authorization",
    async (fetch) => (await echo(fetch, { headers: { authorization: "Bearer t" } })).headers.get("authorization"),
    "Bearer t",
  ],
  [
    "a cookie of the caller",
    async (fetch) => (await echo(fetch, { headers: { cookie: "a=1" } })).headers.get("cookie"),
    "a=1",
  ],
  ["a header in UTF-8", async (fetch) => (await echo(fetch, { headers: { "x-a": "Ã©" } })).headers.get("x-a"), "Ã©"],
  ["the host", async (fetch) => (await echo(fetch)).headers.get("host"), url.slice(7)],
  ["a query, escaped", async (fetch) => (await echo(fetch, {}, "/echo?q=a b&é=ü")).url, "/echo?q=a%20b&%C3%A9=%C3%BC"],
  ["no fragment", async (fetch) => (await echo(fetch, {}, "/echo#frag")).url, "/echo"],
  ["a URL object", async (fetch) => (await fetch(new URL(`${url}/json`))).status, 200],
  ["a request", async (fetch) => (await fetch(new Request(`${url}/json`, { method: "POST", body: "x" }))).status, 200],
  [
    "a request with another init",
    async (fetch) => {
      const response = await fetch(new Request(`${url}/echo`), { method: "PATCH", body: "x" });
      return ((await response.json()) as Echo).method;
    },
    "PATCH",
  ],
  ["a redirect is followed", async (fetch) => (await fetch(redirect(302, "/json"))).json(), { a: [1, "ü"] }],
  [
    "and told",
    async (fetch) => {
      const { redirected, url: last } = await fetch(redirect(302, "/json?to"));
      return [redirected, last];
    },
    [true, `${url}/json?to`],
  ],
  [
    "303 turns POST to GET",
    async (fetch) =>
      ((await (await fetch(redirect(303, "/echo"), { method: "POST", body: "x" })).json()) as Echo).method,
    "GET",
  ],
  [
    "307 keeps POST",
    async (fetch) => ((await (await fetch(redirect(307, "/echo"), { method: "POST", body: "x" })).json()) as Echo).body,
    btoa("x"),
  ],
  [
    "no authorization to another origin",
    async (fetch) => {
      const response = await fetch(redirect(302, `${elsewhere.url}/echo`), { headers: { authorization: "Bearer t" } });
      return (await response.text()).includes("Bearer");
    },
    false,
  ],
  ["too many redirects", async (fetch) => failure(fetch(`${url}/loop`)), ["TypeError", "fetch failed"]],
  [
    "a manual redirect",
    async (fetch) => {
      const { status, headers, type } = await fetch(redirect(302, "/json"), { redirect: "manual" });
      return [status, headers.get("location"), type];
    },
    [302, "/json", "basic"],
  ],
  [
    "no redirect wanted",
    async (fetch) => failure(fetch(redirect(302, "/json"), { redirect: "error" })),
    ["TypeError", "fetch failed"],
  ],
  ["no redirect met", async (fetch) => (await fetch(`${url}/json`, { redirect: "error" })).status, 200],
  [
    "a redirect to another scheme",
    async (fetch) => failure(fetch(redirect(302, "ftp://x/"))),
    ["TypeError", "fetch failed"],
  ],
  [
    "a refused connection",
    async (fetch) => failure(fetch("http://127.0.0.1:1/".replace(":1/", ":9/"))),
    ["TypeError", "fetch failed"],
  ],
  ["an unknown host", async (fetch) => failure(fetch("http://nope.invalid/")), ["TypeError", "fetch failed"]],
  ["a relative URL", async (fetch) => ((await failure(fetch("/x"))) as string[])[0], "TypeError"],
  [
    "credentials in the URL",
    async (fetch) => ((await failure(fetch("http://u:p@127.0.0.1/"))) as string[])[0],
    "TypeError",
  ],
  ["a GET with a body", async (fetch) => ((await failure(fetch(url, { body: "x" }))) as string[])[0], "TypeError"],
  [
    "a forbidden method",
    async (fetch) => ((await failure(fetch(url, { method: "TRACE" }))) as string[])[0],
    "TypeError",
  ],
  [
    "a header that is none",
    async (fetch) => ((await failure(fetch(url, { headers: { "a b": "x" } }))) as string[])[0],
    "TypeError",
  ],
  [
    "an aborted signal",
    async (fetch) => failure(fetch(url, { signal: AbortSignal.abort() })),
    ["AbortError", "This operation was aborted"],
  ],
  [
    "a signal with a reason",
    async (fetch) => failure(fetch(url, { signal: AbortSignal.abort(new Error("mine")) })),
    ["Error", "mine"],
  ],
  [
    "abort before the head",
    async (fetch) => {
      const controller = new AbortController();
      const before = origin.seen.length;
      const pending = failure(fetch(`${url}/hang`, { signal: controller.signal }));
      await expect.poll(() => origin.seen.length, { interval: 1 }).toBeGreaterThan(before);
      controller.abort(new Error("enough"));
      return pending;
    },
    ["Error", "enough"],
  ],
  [
    "abort in the body",
    async (fetch) => {
      const controller = new AbortController();
      const { body } = await fetch(`${url}/drip`, { signal: controller.signal });
      const reader = body!.getReader();
      await reader.read();
      const pending = failure(reader.read());
      controller.abort(new Error("enough"));
      return pending;
    },
    ["Error", "enough"],
  ],
  [
    "the abort of a request's own signal",
    async (fetch) => {
      const controller = new AbortController();
      const { body } = await fetch(new Request(`${url}/drip`, { signal: controller.signal }));
      const reader = body!.getReader();
      await reader.read();
      const pending = failure(reader.read());
      controller.abort(new Error("enough"));
      return pending;
    },
    ["Error", "enough"],
  ],
  [
    "a deadline",
    async (fetch) => ((await failure(fetch(`${url}/hang`, { signal: AbortSignal.timeout(20) }))) as string[])[0],
    "TimeoutError",
  ],
  [
    "a cancelled body lets the origin go",
    async (fetch) => {
      const before = released;
      const { body } = await fetch(`${url}/drip`);
      await body!.cancel();
      await expect.poll(() => released, { interval: 1 }).toBe(before + 1);
      return "released";
    },
    "released",
  ],
  [
    "leaving the loop lets the origin go",
    async (fetch) => {
      const before = released;
      const { body } = await fetch(`${url}/drip`);
      for await (const _ of body!) break;
      await expect.poll(() => released, { interval: 1 }).toBe(before + 1);
      return "released";
    },
    "released",
  ],
  [
    "a body that is cut short",
    async (fetch) => {
      await using raw = await rawOrigin("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npartial");
      return failure((await fetch(raw.url)).text());
    },
    ["TypeError", "terminated"],
  ],
  [
    "no answer at all",
    async (fetch) => {
      await using raw = await rawOrigin(null);
      return failure(fetch(raw.url));
    },
    ["TypeError", "fetch failed"],
  ],
  ["bytes as such", async (fetch) => (await (await fetch(`${url}/binary`)).bytes()).length, 256],
  [
    "a multipart answer",
    async (fetch) => [...(await (await fetch(`${url}/multipart`)).formData()).entries()],
    [["a", "1"]],
  ],
  ["codings upon each other", async (fetch) => (await fetch(`${url}/double`)).text(), "twice"],
  ["a coding that nobody knows", async (fetch) => (await fetch(`${url}/unknown-coding`)).text(), "as it is"],
  [
    "a coding that is broken",
    async (fetch) => ((await failure((await fetch(`${url}/broken-gzip`)).text())) as string[])[0],
    "TypeError",
  ],
  [
    "a part of something",
    async (fetch) => {
      const response = await fetch(`${url}/range`, { headers: { range: "bytes 0-3" } });
      return [response.status, response.headers.get("content-range"), await response.text()];
    },
    [206, "bytes 0-3/10", "part"],
  ],
  [
    "the headers of a HEAD",
    async (fetch) => (await fetch(`${url}/json`, { method: "HEAD" })).headers.get("content-type"),
    "application/json",
  ],
  [
    "headers whatever their case",
    async (fetch) => {
      const { headers } = await fetch(`${url}/json`);
      return [headers.has("CONTENT-TYPE"), headers.get("Content-Type"), [...headers.keys()].includes("content-type")];
    },
    [true, "application/json", true],
  ],
  [
    "a large upload",
    async (fetch) => (await fetch(`${url}/length`, { method: "PUT", body: new Uint8Array(5_000_000) })).text(),
    "5000000",
  ],
  [
    "a large upload from a stream",
    async (fetch) => {
      const body = new Blob([new Uint8Array(3_000_000)]).stream();
      return (await fetch(`${url}/length`, { method: "POST", body, duplex: "half" } as RequestInit)).text();
    },
    "3000000",
  ],
  [
    "an answer passed on as a request",
    async (fetch) => {
      const { body } = await fetch(`${url}/large`);
      return (await fetch(`${url}/length`, { method: "POST", body, duplex: "half" } as RequestInit)).text();
    },
    String(3 * 1024 * 1024),
  ],
  [
    "a request with a stream and headers of its own",
    async (fetch) => {
      const body = new Blob(["streamed"]).stream();
      const init = { method: "POST", body, duplex: "half", headers: { "content-type": "x/y" } } as RequestInit;
      const response = await fetch(new Request(`${url}/echo`, init));
      const { body: sent, rawHeaders } = (await response.json()) as { body: string; rawHeaders: string[] };
      return [atob(sent), rawHeaders.includes("x/y")];
    },
    ["streamed", true],
  ],
  [
    "a request can be sent once",
    async (fetch) => {
      const request = new Request(`${url}/echo`, { method: "POST", body: "x" });
      const copy = request.clone();
      const first = (await (await fetch(request)).json()) as Echo;
      const second = (await (await fetch(copy)).json()) as Echo;
      return [first.body, second.body, request.bodyUsed, ((await failure(fetch(request))) as string[])[0]];
    },
    [btoa("x"), btoa("x"), true, "TypeError"],
  ],
  [
    "headers of an init instead of those of a request",
    async (fetch) => {
      const request = new Request(`${url}/echo`, { headers: { "x-a": "1", "x-b": "2" } });
      const response = await fetch(request, { headers: { "x-a": "3" } });
      const { rawHeaders } = (await response.json()) as { rawHeaders: string[] };
      return [rawHeaders.includes("3"), rawHeaders.includes("x-b")];
    },
    [true, false],
  ],
  [
    "an upload that fails",
    async (fetch) => {
      const body = new ReadableStream({ pull: (controller) => controller.error(new Error("no more")) });
      return (
        (await failure(fetch(`${url}/length`, { method: "POST", body, duplex: "half" } as RequestInit))) as string[]
      )[0];
    },
    "TypeError",
  ],
  [
    "a stream without its word",
    async (fetch) => {
      const body = new Blob(["x"]).stream();
      return ((await failure(fetch(`${url}/length`, { method: "POST", body }))) as string[])[0];
    },
    "TypeError",
  ],
  [
    "events while they are made",
    async (fetch) => {
      const name = String(gates.size);
      const { body } = await fetch(`${url}/gated?name=${name}`, { headers: { accept: "text/event-stream" } });
      const reader = body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
      const first = (await reader.read()).value;
      gate(name).resolve(); // the second is made when the first has been read
      return [first, (await reader.read()).value, (await reader.read()).done];
    },
    ["data: first\n\n", "data: second\n\n", true],
  ],
  [
    "a body in two branches",
    async (fetch) => {
      const [one, other] = (await fetch(`${url}/large`)).body!.tee();
      return [(await collect(one)).length, (await collect(other)).length];
    },
    [3 * 1024 * 1024, 3 * 1024 * 1024],
  ],
  [
    "a body that is being read",
    async (fetch) => {
      const response = await fetch(`${url}/large`);
      const reader = response.body!.getReader();
      await reader.read();
      const locked = ((await failure(response.text())) as string[])[0];
      await reader.cancel();
      return locked;
    },
    "TypeError",
  ],
  [
    "301 turns POST to GET, 308 keeps it, 302 keeps PUT",
    async (fetch) =>
      Promise.all(
        [
          [301, "POST"],
          [308, "POST"],
          [302, "PUT"],
        ].map(async ([code, method]) => {
          const response = await fetch(redirect(code as number, "/echo"), { method: method as string, body: "x" });
          return ((await response.json()) as Echo).method;
        }),
      ),
    ["GET", "POST", "PUT"],
  ],
  [
    "no cookie to another origin",
    async (fetch) => {
      const response = await fetch(redirect(307, `${elsewhere.url}/echo`), { headers: { cookie: "a=1" } });
      return (await response.text()).includes("a=1");
    },
    false,
  ],
  ["a redirect that leads nowhere", async (fetch) => (await fetch(`${url}/status?code=302&body=here`)).text(), "here"],
  [
    "a manual redirect has its body",
    async (fetch) => (await fetch(redirect(307, "/json"), { redirect: "manual" })).text(),
    "redirect body",
  ],
  [
    "one of several signals",
    async (fetch) => {
      const controller = new AbortController();
      const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(60_000)]);
      const pending = failure(fetch(`${url}/hang`, { signal }));
      controller.abort(new Error("one"));
      return pending;
    },
    ["Error", "one"],
  ],
  [
    "words about caches and referrers",
    async (fetch) => {
      const init: RequestInit = {
        cache: "no-store",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        keepalive: true,
      };
      return (await fetch(`${url}/json`, init)).status;
    },
    200,
  ],
  [
    "many at once",
    async (fetch) => {
      const responses = await Promise.all(
        Array.from({ length: 100 }, (_, n) => fetch(`${url}/status?code=200&body=${n}`)),
      );
      return (await Promise.all(responses.map((response) => response.text()))).join();
    },
    Array.from({ length: 100 }, (_, n) => n).join(),
  ],
];

describe.each<[string, RemoteFetch]>([
  ["the platform's fetch", (input, init) => fetch(input, init)],
  ["link.fetch", link.fetch],
])("%s", (_name, fetch) => {
  it.each(both)("%s", async (_case, act, outcome) => {
    verifies("06 F-1", "06 F-4", "06 F-5", "06 F-6", "06 F-7");
    expect(await act(fetch)).toEqual(outcome);
  });
});
