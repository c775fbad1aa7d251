import { afterAll, describe, expect, it } from "vitest";
import { Executor } from "../../../src/executor/executor.ts";
import { nodeHost } from "../../../src/executor/node-host.ts";
import { memoryTransportPair } from "../../../src/transports/memory-transport.ts";
import { httpOrigin, rawOrigin } from "../../http-origin.ts";
import { RawConnection } from "../../raw-connection.ts";
import { verifies } from "../../rules/verifies.ts";

const executor = new Executor(nodeHost());
const [client, accepted] = memoryTransportPair();
void executor.accept(accepted);
const peer = new RawConnection(client);
await peer.handshake();
const origin = await httpOrigin();
const other = await httpOrigin();

afterAll(async () => {
  await executor.close();
  await origin[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

type Headers = readonly (readonly [string, string])[];

const base = { requestId: "r", method: "GET" };
const named = (headers: Headers) => headers.map(([name, value]) => ({ name, value }));

/** Sends a request; the body of the answer as text, or the error. */
async function ask(url: string, more: Readonly<Record<string, unknown>> = {}) {
  const answer = await peer.answer("http/request", { ...base, url, ...more });
  if ("error" in answer) return { error: answer.error, body: "", headers: [], status: 0 };
  const { bodyBase64, headers, ...rest } = answer.result;
  return {
    ...rest,
    headers: (headers as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
    body: Buffer.from(String(bodyBase64), "base64").toString("latin1"),
  };
}

/** What the origin saw of a request. */
async function echoed(more: Readonly<Record<string, unknown>> = {}, url = `${origin.url}/echo`) {
  const { body, error } = await ask(url, more);
  if (error !== undefined) throw error;
  const { rawHeaders, ...rest } = JSON.parse(Buffer.from(body, "latin1").toString()) as {
    rawHeaders: string[];
    method: string;
    url: string;
    body: string;
  };
  const headers = Array.from({ length: rawHeaders.length / 2 }, (_, n) => rawHeaders.slice(2 * n, 2 * n + 2));
  return { ...rest, headers };
}

describe("a request in order", () => {
  it.each(["get", "FOO", "a-b_c"])("has its method as given: %s (06 H-7)", async (method) => {
    verifies("06 H-7");
    await using raw = await rawOrigin("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    await expect(ask(raw.url, { method, headers: named([["X-A", "1"]]) })).resolves.toMatchObject({ status: 200 });
    const host = raw.url.slice("http://".length);
    expect(raw.seen).toEqual([`${method} / HTTP/1.1\r\nx-a: 1\r\naccept: */*\r\nhost: ${host}\r\n\r\n`]);
  });

  it.each(["", "GE T", "Mé", "A\n"])("has a token as its method, not %j (06 H-7)", async (method) => {
    verifies("06 H-7");
    const { error } = await ask("not a url", { method });
    expect(error).toMatchObject({ rpcCode: -32602, message: "http/request method is invalid: invalid HTTP method" });
  });

  it("is never a CONNECT (06 H-7)", async () => {
    verifies("06 H-7");
    await expect(ask(origin.url, { method: "CONNECT" })).resolves.toMatchObject({ error: { rpcCode: -32603 } });
    await expect(ask(`${origin.url}/echo`, { method: "TRACE" })).resolves.toMatchObject({ status: 200 });
  });

  it.each([
    ["/rel", "relative URL without a base"],
    ["", "relative URL without a base"],
    ["127.0.0.1:80/x", "relative URL without a base"],
    ["http://", "empty host"],
    ["https://?q", "empty host"],
    ["http://127.0.0.1:99999/", "invalid port number"],
    ["http://127.0.0.1:8o/", "invalid port number"],
    ["http://a b/", "invalid host"],
  ])("has a URL, not %j: %s (06 H-8)", async (url, reason) => {
    verifies("06 H-8");
    const { error } = await ask(url, { headers: named([["a b", ""]]) });
    expect(error).toMatchObject({ rpcCode: -32602, message: `http/request url is invalid: ${reason}` });
  });

  it.each(["ftp", "file", "ws", "data", "mailto"])("goes over http or https, not %s (06 H-9)", async (scheme) => {
    verifies("06 H-9");
    const { error } = await ask(`${scheme}://127.0.0.1/x`);
    const message = `http/request only supports http and https URLs, got ${scheme}`;
    expect(error).toMatchObject({ rpcCode: -32602, message });
  });

  it("has its URL made regular (06 H-8)", async () => {
    verifies("06 H-8");
    const port = origin.url.split(":").at(-1);
    const urls: readonly (readonly [string, string])[] = [
      [`HTTP://127.0.0.1:${port}/echo`, "/echo"],
      [` ${origin.url}/echo `, "/echo"],
      [`${origin.url}/a/../echo`, "/echo"],
      [`http://0x7f.1:${port}/echo`, "/echo"],
      [`${origin.url}/echo?q=a b&é=ü#frag`, "/echo?q=a%20b&%C3%A9=%C3%BC"],
    ];
    for (const [url, path] of urls) expect((await echoed({}, url)).url).toBe(path);
    await expect(ask(`${origin.url}/%zz`)).resolves.toMatchObject({ status: 404, body: "nope" });
  });

  it("carries the userinfo of its URL as its first header (06 H-10)", async () => {
    verifies("06 H-10");
    const { headers } = await echoed({}, `${origin.url.replace("//", "//user:pa%20ss@")}/echo`);
    expect(headers[0]).toEqual(["authorization", "Basic dXNlcjpwYSBzcw=="]);
  });

  it.each(["", "a b", "Xé", ":path"])("has tokens as header names, not %j (06 H-11)", async (name) => {
    verifies("06 H-11");
    const { error } = await ask(origin.url, {
      headers: named([
        ["x-ok", "1"],
        [name, "\n"],
      ]),
    });
    expect(error).toMatchObject({
      rpcCode: -32602,
      message: "http/request header name is invalid: invalid HTTP header name",
    });
  });

  it.each(["l1\nl2", "\r", "\0", "\x7f", "\x01"])("has no controls in header values: %j (06 H-12)", async (value) => {
    verifies("06 H-12");
    const { error } = await ask(origin.url, { headers: named([["X-A", value]]) });
    const message = "http/request header value is invalid for X-A: failed to parse header value";
    expect(error).toMatchObject({ rpcCode: -32602, message });
  });

  it("has its header values as UTF-8, tabs and nothing included (06 H-12)", async () => {
    verifies("06 H-12");
    const { headers } = await echoed({
      headers: named([
        ["x-a", "é"],
        ["x-b", "a\tb"],
        ["x-c", ""],
      ]),
    });
    expect(headers.slice(0, 3)).toEqual([
      ["x-a", "Ã©"],
      ["x-b", "a\tb"],
      ["x-c", ""],
    ]);
  });

  it("has the caller's headers first, grouped, then the least that is needed (06 H-14)", async () => {
    verifies("06 H-14");
    const host = origin.url.slice("http://".length);
    const sent = await echoed({
      method: "POST",
      headers: named([
        ["X-Rep", "a"],
        ["Content-Type", "text/plain"],
        ["x-rep", "b"],
      ]),
      bodyBase64: btoa("request-body"),
    });
    expect(sent.headers).toEqual([
      ["x-rep", "a"],
      ["x-rep", "b"],
      ["content-type", "text/plain"],
      ["accept", "*/*"],
      ["host", host],
      ["content-length", "12"],
    ]);
    expect(atob(sent.body)).toBe("request-body");
  });

  it.each<readonly [string, Headers]>([
    [
      "host",
      [
        ["host", "a"],
        ["host", "b"],
      ],
    ],
    ["accept", [["accept", "x/y"]]],
    [
      "user-agent",
      [
        ["user-agent", "ua/1"],
        ["accept-encoding", "gzip"],
      ],
    ],
    [
      "traceparent",
      [
        ["traceparent", "00-1-2-01"],
        ["tracestate", "a=b"],
      ],
    ],
    ["content-length", [["content-length", "3"]]],
    ["transfer-encoding", [["transfer-encoding", "chunked"]]],
    ["connection", [["connection", "close"]]],
    [
      "cookie",
      [
        ["cookie", "a=1"],
        ["cookie", "b=2"],
      ],
    ],
  ])("lets the caller decide about %s (06 H-14, H-17)", async (name, given) => {
    verifies("06 H-14", "06 H-17");
    const { headers, body } = await echoed({ method: "POST", headers: named(given), bodyBase64: btoa("abc") });
    expect(headers.slice(0, given.length)).toEqual(given);
    expect(headers.filter(([other]) => other === name)).toHaveLength(given.filter(([other]) => other === name).length);
    expect(atob(body)).toBe("abc");
  });

  it.each([null, undefined, ""])("without a body has no word about one: %j (06 H-15)", async (bodyBase64) => {
    verifies("06 H-15");
    for (const method of ["POST", "PUT"]) {
      const { headers } = await echoed({ method, bodyBase64 });
      expect(headers.map(([name]) => name)).toEqual(["accept", "host"]);
    }
  });

  it("may have a body with any method (06 H-15)", async () => {
    verifies("06 H-15");
    const { body, headers } = await echoed({ bodyBase64: btoa("xx") });
    expect([atob(body), headers.at(-1)]).toEqual(["xx", ["content-length", "2"]]);
  });

  it("knows nothing of the cookies of an earlier one (06 H-17, H-54)", async () => {
    verifies("06 H-17", "06 H-54");
    const cookie = encodeURIComponent(JSON.stringify({ "set-cookie": "a=1; Path=/" }));
    await ask(`${origin.url}/status?code=200&h=${cookie}`);
    const { headers } = await echoed();
    expect(headers.map(([name]) => name)).not.toContain("cookie");
  });

  it("goes over a connection that was kept (06 H-51a)", async () => {
    verifies("06 H-51a");
    await using mine = await httpOrigin();
    for (let n = 0; n < 20; n += 1) await ask(`${mine.url}/echo`);
    expect(mine.connections()).toBe(1);
  });
});

describe("redirects", () => {
  const redirect = (code: number, to: string) => `${origin.url}/redir?code=${code}&to=${encodeURIComponent(to)}`;

  it.each([300, 304, 305])("are not followed with %i (06 H-19)", async (code) => {
    verifies("06 H-19");
    await expect(ask(redirect(code, "/echo"))).resolves.toMatchObject({ status: code, redirected: false });
  });

  it("without a target that can be read are final (06 H-19)", async () => {
    verifies("06 H-19");
    await expect(ask(redirect(302, "//bad host/"))).resolves.toMatchObject({ status: 302, body: "redirect body" });
    await expect(ask(`${origin.url}/status?code=302&body=x`)).resolves.toMatchObject({ status: 302, body: "x" });
  });

  it.each([
    [301, "POST", "GET"],
    [302, "POST", "GET"],
    [303, "POST", "GET"],
    [303, "PUT", "GET"],
    [301, "PUT", "PUT"],
    [302, "PATCH", "PATCH"],
    [307, "POST", "POST"],
    [308, "DELETE", "DELETE"],
  ])("%i makes of %s a %s (06 H-20)", async (code, method, becomes) => {
    verifies("06 H-20", "06 H-24");
    const url = redirect(code, "/echo");
    const headers = named([
      ["content-type", "text/plain"],
      ["authorization", "Bearer t"],
    ]);
    const sent = await echoed({ method, headers, bodyBase64: btoa("BODY") }, url);
    expect(sent.method).toBe(becomes);
    const isKept = becomes !== "GET";
    expect(atob(sent.body)).toBe(isKept ? "BODY" : "");
    const names = sent.headers.map(([name]) => name);
    expect(names.includes("content-type")).toBe(isKept);
    expect(sent.headers).toContainEqual(["authorization", "Bearer t"]);
    expect(sent.headers).toContainEqual(["referer", url]);
  });

  it("keep HEAD a HEAD (06 H-20)", async () => {
    verifies("06 H-20");
    await ask(redirect(303, "/echo?head"), { method: "HEAD" });
    expect(origin.seen.at(-1)).toBe("HEAD /echo?head");
  });

  it("are followed ten times (06 H-21)", async () => {
    verifies("06 H-21");
    const before = origin.seen.length;
    const { error } = await ask(`${origin.url}/loop`);
    expect(error).toMatchObject({
      rpcCode: -32603,
      message: "http/request failed: too many redirects",
      data: { kind: "redirect" },
    });
    expect(origin.seen.length - before).toBe(11);
    await expect(ask(redirect(302, ""))).resolves.toMatchObject({ error: { data: { kind: "redirect" } } });
  });

  it("to another scheme fail (06 H-22)", async () => {
    verifies("06 H-22");
    const { error } = await ask(redirect(302, "ftp://127.0.0.1/x"));
    const message = "http/request failed: redirect target uses unsupported URL scheme: ftp";
    expect(error).toMatchObject({ rpcCode: -32603, message });
  });

  it("to another origin tell it nothing that was meant for the first one (06 H-23, H-53a)", async () => {
    verifies("06 H-53a");
    verifies("06 H-23");
    const secret: Headers = [
      ["authorization", "Bearer t"],
      ["cookie", "a=1"],
      ["x-api-key", "k"],
      ["mcp-session-id", "s"],
      ["proxy-authorization", "p"],
      ["host", "custom.test"],
    ];
    const sent = await echoed(
      { headers: named([...secret, ["user-agent", "ua"]]) },
      redirect(307, `${other.url}/echo`),
    );
    expect(sent.headers).toEqual([
      ["user-agent", "ua"],
      ["accept", "*/*"],
      ["host", other.url.slice("http://".length)],
    ]);
  });

  it("stop at the first where the caller wants that (06 H-53)", async () => {
    verifies("06 H-53");
    const stopped = await ask(redirect(302, "/echo"), { redirectPolicy: "stop" });
    expect(stopped).toMatchObject({ status: 302, body: "redirect body", redirected: false });
    await expect(ask(redirect(302, "/echo"), { redirectPolicy: "nope" })).resolves.toMatchObject({
      error: { rpcCode: -32602 },
    });
  });

  it("are told in the result (06 H-53a)", async () => {
    verifies("06 H-53a");
    const result = await ask(redirect(302, `${other.url}/echo?x#f`));
    expect(result).toMatchObject({ url: `${other.url}/echo?x`, redirected: true, statusText: "OK" });
  });

  it("share one deadline (06 H-26)", async () => {
    verifies("06 H-26");
    await using slow = await httpOrigin({
      "/hop": (_query, _request, response) => response.writeHead(302, { location: "/hang" }).end(),
    });
    const { error } = await ask(`${slow.url}/hop`, { timeoutMs: 200 });
    expect(error).toMatchObject({ rpcCode: -32603, data: { kind: "timeout" } });
    expect(slow.seen).toEqual(["GET /hop", "GET /hang"]);
  });
});

describe("responses", () => {
  const head = (lines: string) => `HTTP/1.1 200 Fine\r\n${lines}content-length: 2\r\n\r\nok`;

  it("have their headers lower-case, grouped, trimmed, and none is lost (06 H-30 to H-32, H-31a)", async () => {
    verifies("06 H-30", "06 H-31a", "06 H-32");
    const lines = Buffer.from(
      "X-Mixed-CASE: One\r\nSet-Cookie: a=1; Path=/\r\nX-Rep: 1\r\nSet-Cookie: b=2\r\nX-Rep: 2, 3\r\nX-Empty:\r\n" +
        "X-Tab: a\tb\r\nX-Sp:   padded  \r\nX-Utf8: caf\xc3\xa9\r\nX-Latin: caf\xe9\r\nConnection: close\r\n",
      "latin1",
    );
    await using raw = await rawOrigin(Buffer.from(head(lines.toString("latin1")), "latin1"));
    const { headers, statusText } = (await ask(raw.url)) as { headers: unknown; statusText?: unknown };
    expect(statusText).toBe("Fine");
    expect(headers).toEqual([
      ["x-mixed-case", "One"],
      ["set-cookie", "a=1; Path=/"],
      ["set-cookie", "b=2"],
      ["x-rep", "1"],
      ["x-rep", "2, 3"],
      ["x-empty", ""],
      ["x-tab", "a\tb"],
      ["x-sp", "padded"],
      ["x-utf8", "café"],
      ["x-latin", "café"],
      ["connection", "close"],
      ["content-length", "2"],
    ]);
  });

  it.each([204, 304, 418, 599, 999])("may have the status %i (06 section 2)", async (code) => {
    await expect(ask(`${origin.url}/status?code=${code}`)).resolves.toMatchObject({ status: code });
  });

  it("are told without the interim ones, and a 101 is final (06 H-18)", async () => {
    verifies("06 H-18");
    await expect(ask(`${origin.url}/early`)).resolves.toMatchObject({ status: 200, body: "after early hints" });
    for (const connection of ["connection: upgrade\r\n", ""]) {
      await using raw = await rawOrigin(`HTTP/1.1 101 Switching\r\n${connection}upgrade: foo\r\n\r\nnoise`);
      const answer = await ask(raw.url);
      expect(answer).toMatchObject({ status: 101, body: "" });
      expect(answer.headers).toContainEqual(["upgrade", "foo"]);
    }
  });

  it("are not decoded, and have no trailers (06 H-16, H-32)", async () => {
    verifies("06 H-16", "06 H-32");
    const zipped = await ask(`${origin.url}/gzip`);
    expect(zipped.headers).toContainEqual(["content-encoding", "gzip"]);
    expect(zipped.body.slice(0, 2)).toBe("\x1f\x8b");
    const trailing = await ask(`${origin.url}/trailers`);
    expect(trailing.body).toBe("abc");
    expect(trailing.headers.map(([name]) => name)).not.toContain("x-t");
  });

  it("may have a hundred headers, and one of 410 KiB (06 H-33)", async () => {
    verifies("06 H-33", "06 H-33a");
    const many = Array.from({ length: 99 }, (_, n) => `x-${n}: ${n}\r\n`).join("");
    await using first = await rawOrigin(head(many));
    expect((await ask(first.url)).headers).toHaveLength(100);
    await using second = await rawOrigin(head(`x-long: ${"x".repeat(410 * 1024)}\r\n`));
    expect((await ask(second.url)).headers[0]?.[1]).toHaveLength(410 * 1024);
  });

  it("of HTTP/1.0 end with the connection (06 H-33)", async () => {
    verifies("06 H-33");
    await using raw = await rawOrigin("HTTP/1.0 200 OK\r\n\r\nuntil close");
    await expect(ask(raw.url)).resolves.toMatchObject({ status: 200, body: "until close" });
  });

  it.each<readonly [string, string | null, string]>([
    ["no HTTP", "SSH-2.0-x\r\n", "protocol"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx", "protocol"],
    ["a folded header", "HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 0\r\n\r\n", "protocol"],
    ["nothing", null, "reset"],
  ])("that are none fail: %s (06 H-33, H-44)", async (_what, answer, kind) => {
    verifies("06 H-33", "06 H-44", "06 H-44a");
    await using raw = await rawOrigin(answer);
    const { error } = await ask(`${raw.url}/x?token=secret`, { method: "POST", bodyBase64: btoa("x") });
    expect(error).toMatchObject({ rpcCode: -32603, data: { kind } });
    expect(error?.message).toMatch(/^http\/request failed: /);
    expect(error?.message).not.toContain("secret");
  });

  it.each([
    ["cut short", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npartial", "partial"],
    ["a chunk cut short", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello"],
    ["a broken chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n", ""],
  ])("with a body that is %s give what came, and the failure (06 H-39)", async (what, answer, came) => {
    verifies("06 H-39");
    await using raw = await rawOrigin(answer);
    const { error } = await ask(raw.url);
    expect(error?.message).toMatch(/^failed to read http\/request response body: /);
    const requestId = `cut ${what}`;
    const frames = () => peer.notifications.filter(({ params }) => params.requestId === requestId);
    await expect(ask(raw.url, { requestId, streamResponse: true })).resolves.toMatchObject({ status: 200 });
    await expect.poll(() => frames().at(-1)?.params.done, { interval: 1 }).toBe(true);
    expect(
      frames()
        .map(({ params }) => atob(String(params.deltaBase64)))
        .join(""),
    ).toBe(came);
    expect(frames().at(-1)?.params.error).toMatch(/^(?:reset|protocol): /);
  });

  it.each([
    ["http://127.0.0.1:1/p?q=token", "connect"],
    ["http://user:secretpw@127.0.0.1:1/p?q=token", "connect"],
    ["http://nope.invalid/?token", "dns"],
  ])("that cannot be had say why, and tell no secrets: %s (06 H-44a)", async (url, kind) => {
    verifies("06 H-44a");
    const { error } = await ask(url);
    expect(error).toMatchObject({ rpcCode: -32603, data: { kind, phase: "connect" } });
    expect(error?.message).toMatch(/^http\/request failed: \S/);
    expect(error?.message).not.toMatch(/token|secret/);
  });

  it("of a server that speaks no TLS fail (06 H-44a)", async () => {
    verifies("06 H-44a");
    const { error } = await ask(origin.url.replace("http:", "https:"));
    expect(error).toMatchObject({ rpcCode: -32603, data: { kind: "tls" } });
  });

  it("whose kept connection was closed meanwhile are asked for once more, unless that could do harm (06 H-51a)", async () => {
    verifies("06 H-51a");
    await using raw = await rawOrigin("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", { stayOpen: true });
    await expect(ask(raw.url)).resolves.toMatchObject({ body: "ok" });
    raw.dropNext();
    await expect(ask(raw.url)).resolves.toMatchObject({ body: "ok" });
    expect(raw.connections()).toBe(2);
    await ask(raw.url);
    raw.dropNext();
    await expect(ask(raw.url, { method: "POST", bodyBase64: btoa("x") })).resolves.toMatchObject({
      error: { data: { kind: "reset" } },
    });
    expect(raw.connections()).toBe(3);
  });
});
