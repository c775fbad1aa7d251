import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { serve } from "../../src/index.ts";
import { serveWeb } from "../../src/inspector/web-server.ts";
import { type RawAnswer, rawRequest } from "./raw-request.ts";
import { letIn } from "./viewer.ts";

const upgrade = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/** An executor with an inspector, in which a program runs under a name that must not get out. */
async function guarded() {
  const server = await serve({ inspect: true });
  const url = server.inspector?.url ?? "";
  const port = Number(new URL(url).port);
  return { server, url, port, host: `Host: 127.0.0.1:${port}`, origin: `Origin: http://127.0.0.1:${port}` };
}

/** Nothing is said but that it is refused, and all the guards are up. */
function expectRefused(answer: RawAnswer, status: number): void {
  expect(answer.status).toBe(status);
  expect(["", "refused\n"]).toContain(answer.body);
  expect(answer.headers.get("set-cookie")).toBeUndefined();
  expectGuards(answer);
}

function expectGuards({ headers }: RawAnswer): void {
  expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
  expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
}

it("refuses every request that does not name it as its host", async () => {
  const { server, url, port } = await guarded();
  await using _ = server;
  const { cookie } = await letIn(url);
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "127.0.0.1",
    `127.0.0.1:${port + 1}`,
    `0.0.0.0:${port}`,
    `127.0.0.1:${port}.evil.example`,
    `localhost.evil.example:${port}`,
    `2130706433:${port}`,
    "",
  ]) {
    for (const path of ["/", "/session", "/feed", "/nothing.js"]) {
      const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookie}`, "Connection: close"];
      expectRefused(await rawRequest({ port, lines }), 403);
    }
    const origin = `Origin: http://${host}`;
    const lines = ["GET /feed HTTP/1.1", `Host: ${host}`, origin, `Cookie: ${cookie}`, ...upgrade];
    expectRefused(await rawRequest({ port, lines }), 403);
  }
  const twice = [`Host: 127.0.0.1:${port}`, "Host: evil.example"];
  expect((await rawRequest({ port, lines: ["GET / HTTP/1.1", ...twice, "Connection: close"] })).status).not.toBe(200);
});

it("refuses websockets and everything but reading from other origins, and from none", async () => {
  const { server, url, port, host } = await guarded();
  await using _ = server;
  const { cookie } = await letIn(url);
  const token = new URL(server.inspector?.newUrl() ?? "").hash.slice("#token=".length);
  const body = JSON.stringify({ token });
  for (const origin of [
    [],
    ["Origin: null"],
    ["Origin: http://evil.example"],
    [`Origin: https://127.0.0.1:${port}`],
    [`Origin: http://localhost:${port}`],
    [`Origin: http://127.0.0.1:${port + 1}`],
  ]) {
    const exchange = ["POST /session HTTP/1.1", host, ...origin, `Content-Length: ${body.length}`, "Connection: close"];
    expectRefused(await rawRequest({ port, lines: exchange, body }), 403);
    for (const path of ["/feed", "/xstate"]) {
      const lines = [`GET ${path} HTTP/1.1`, host, ...origin, `Cookie: ${cookie}`, ...upgrade];
      expectRefused(await rawRequest({ port, lines }), 403);
    }
  }
  // A page elsewhere may not even read what is there for everybody.
  const lines = ["GET / HTTP/1.1", host, "Origin: http://evil.example", `Cookie: ${cookie}`, "Connection: close"];
  expectRefused(await rawRequest({ port, lines }), 403);
});

it("shows nothing without the cookie, and gives it for the token alone", async () => {
  const { server, url, port, host, origin } = await guarded();
  await using _ = server;
  const good = new URL(url).hash.slice("#token=".length);
  expect(Buffer.from(good, "base64url").length).toBe(32);
  const bodies = [
    "",
    "{}",
    "not json",
    '{"token":""}',
    '{"token":null}',
    `{"token":"${good.slice(1)}"}`,
    `{"token":"${good}x"}`,
    `{"token":["${good}"]}`,
    `{"token":"${"x".repeat(2_000)}"}`,
  ];
  for (const body of bodies) {
    const lines = ["POST /session HTTP/1.1", host, origin, `Content-Length: ${body.length}`, "Connection: close"];
    expectRefused(await rawRequest({ port, lines, body }), 401);
  }
  for (const cookie of [
    [],
    ["Cookie: a=b"],
    [`Cookie: proctor-inspector-${port}=`],
    [`Cookie: proctor-inspector-${port}=${good}`],
  ]) {
    const lines = ["GET /session HTTP/1.1", host, ...cookie, "Connection: close"];
    expectRefused(await rawRequest({ port, lines }), 401);
    for (const path of ["/feed", "/xstate", "/elsewhere"]) {
      expectRefused(
        await rawRequest({ port, lines: [`GET ${path} HTTP/1.1`, host, origin, ...cookie, ...upgrade] }),
        401,
      );
    }
  }
});

it("lets one browser in with a token, for as long as the program runs, and another one with another token", async () => {
  const { server, url, port, host, origin } = await guarded();
  await using _ = server;
  const { cookie } = await letIn(url);
  await expect(letIn(url)).rejects.toThrow("not let in: 401");
  const session = ["GET /session HTTP/1.1", host, `Cookie: other=1; ${cookie}`, "Connection: close"];
  const again = await rawRequest({ port, lines: session });
  expect(again.status).toBe(200);
  expect(again.body).toContain('"shows":"live"');
  const first = server.inspector?.newUrl() ?? "";
  const second = server.inspector?.newUrl() ?? "";
  await expect(letIn(first)).rejects.toThrow("not let in: 401"); // void since there is a newer one
  expect((await letIn(second)).cookie).toBe(cookie);
  const token = new URL(server.inspector?.newUrl() ?? "").hash.slice("#token=".length);
  const body = JSON.stringify({ token });
  const lines = ["POST /session HTTP/1.1", host, origin, `Content-Length: ${body.length}`, "Connection: close"];
  const answer = await rawRequest({ port, lines, body });
  expect(answer.headers.get("set-cookie")).toMatch(
    /^proctor-inspector-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  expectGuards(answer);
});

it("changes nothing on any other method, and listens on loopback alone", async () => {
  const { server, url, port, host, origin } = await guarded();
  await using _ = server;
  const { cookie } = await letIn(url);
  for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "POST"]) {
    const lines = [
      `${method} /feed HTTP/1.1`,
      host,
      origin,
      `Cookie: ${cookie}`,
      "Content-Length: 0",
      "Connection: close",
    ];
    expect((await rawRequest({ port, lines })).status).toBe(405);
  }
  const outside = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  for (const { address, internal, family } of outside) {
    if (internal || family !== "IPv4") continue;
    await expect(rawRequest({ port, host: address, lines: ["GET / HTTP/1.1"] })).rejects.toThrow("ECONNREFUSED");
  }
});

it("serves the files of the page to everybody, and no other file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "proctor-page-"));
  await writeFile(join(folder, "index.html"), "<!doctype html>the page");
  await writeFile(join(folder, "main.js"), "0");
  await writeFile(join(folder, "secret"), "1");
  await writeFile(join(folder, ".hidden.js"), "2");
  const served = { session: {}, streams: {}, sockets: {} };
  await using web = await serveWeb(0, served, pathToFileURL(`${folder}/`));
  const port = Number(new URL(web.url).port);
  const get = (path: string) =>
    rawRequest({ port, lines: [`GET ${path} HTTP/1.1`, `Host: localhost:${port}`, "Connection: close"] });
  for (const path of ["/", "/actor/7", "/time?at=3", "/secret"])
    expect((await get(path)).body).toBe("<!doctype html>the page");
  const script = await get("/main.js");
  expect([script.status, script.body, script.headers.get("content-type")]).toEqual([
    200,
    "0",
    "text/javascript; charset=utf-8",
  ]);
  expectGuards(script);
  for (const path of [
    "/.hidden.js",
    "/../package.json",
    "/%2e%2e/package.json",
    "/..%2fpackage.json",
    "/a.js/../../x.json",
    "/main.js%00.js",
    "/nothing.js",
    "/main.exe",
    "//main.js",
  ]) {
    const answer = await get(path);
    expect([404, 400], path).toContain(answer.status);
    expectGuards(answer);
  }
  expect((await get("http://evil.example/main.js")).status).toBe(400);
  await rm(folder, { recursive: true });
  expect(await get("/")).toMatchObject({
    status: 503,
    body: "the page of the inspector is not built; run: npm run build:page\n",
  });
});
