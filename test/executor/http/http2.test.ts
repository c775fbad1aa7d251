import { once } from "node:events";
import { afterAll, expect, it } from "vitest";
import { nodeHttpHost } from "../../../src/executor/http/node-http-host.ts";
import type { HttpHost, HttpRequest } from "../../../src/ports/http-host.ts";
import { verifies } from "../../rules/verifies.ts";
import { authorityPath, type SecureRoute, secureOrigin } from "../../secure-origin.ts";

const hosts: HttpHost[] = [];
afterAll(() => {
  for (const host of hosts) host[Symbol.dispose]?.();
});

/** A host that trusts the origin. */
function trustingHost(): HttpHost {
  const host = nodeHttpHost(() => ({ CODEX_CA_CERTIFICATE: authorityPath }));
  hosts.push(host);
  return host;
}

/** One that has reached the origin already, so that there is a session. */
async function warmHost(url: string): Promise<HttpHost> {
  const host = trustingHost();
  await textOf(host, get(`${url}/warm`));
  return host;
}

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url: new URL(url),
  headers: [["host", new URL(url).host]],
  body: null,
  ...more,
});

const unaborted = new AbortController().signal;

async function textOf(host: HttpHost, request: HttpRequest): Promise<string> {
  const { body } = await host.send(request, unaborted);
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

it("shares one connection among its requests, one after the other and all at once (06 H-13, H-51a)", async () => {
  verifies("06 H-13", "06 H-51a");
  await using origin = await secureOrigin("h2");
  const host = await warmHost(origin.url);
  const bodies = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      textOf(host, get(`${origin.url}/${n}`, { method: "PUT", body: Buffer.of(65) })),
    ),
  );
  for (const body of bodies) expect(JSON.parse(body)).toMatchObject({ httpVersion: "2.0", body: "A" });
  expect(origin.connections()).toBe(1);
});

it("many first requests at once all succeed (06 H-13)", async () => {
  await using origin = await secureOrigin("h2");
  const host = trustingHost();
  const bodies = await Promise.all(Array.from({ length: 20 }, (_, n) => textOf(host, get(`${origin.url}/${n}`))));
  for (const body of bodies) expect(JSON.parse(body)).toMatchObject({ httpVersion: "2.0" });
});

/** Hangs up on the first request of each kind, and answers the second one. */
function hangsUpOnce(hangUp: () => void): SecureRoute {
  const met = new Set<string | undefined>();
  return (request, response) => {
    const isKnown = met.has(request.method);
    met.add(request.method);
    if (isKnown) response.end("second");
    else hangUp();
  };
}

it.each(["h2", "http/1.1"] as const)(
  "asks once more over %s when a kept connection ends, unless that could do harm (06 H-51a)",
  async (version) => {
    verifies("06 H-51a");
    await using origin = await secureOrigin(version, { "/once": hangsUpOnce(() => origin.hangUp()) });
    const host = await warmHost(origin.url);
    await expect(textOf(host, get(`${origin.url}/once`))).resolves.toBe("second");
    await textOf(host, get(`${origin.url}/warm`));
    const post = get(`${origin.url}/once`, { method: "POST" });
    await expect(textOf(host, post)).rejects.toMatchObject({ trouble: "reset" });
  },
);

it("fails a body whose connection ends, after what has come (06 H-39)", async () => {
  verifies("06 H-39");
  await using origin = await secureOrigin("h2", {
    "/part": (_request, response) => {
      response.write("part");
    },
  });
  const host = await warmHost(origin.url);
  const { body } = await host.send(get(`${origin.url}/part`), unaborted);
  const reader = body[Symbol.asyncIterator]();
  expect(Buffer.from((await reader.next()).value ?? []).toString()).toBe("part");
  origin.hangUp();
  await expect(reader.next()).rejects.toMatchObject({ code: "http" });
});

it("lets the origin go when the reader has enough, and when the exchange is aborted (06 H-47)", async () => {
  verifies("06 H-47");
  const ended: Promise<unknown>[] = [];
  await using origin = await secureOrigin("h2", {
    "/endless": (_request, response) => {
      ended.push(once(response, "close"));
      response.write("x");
    },
  });
  const host = await warmHost(origin.url);
  const left = await host.send(get(`${origin.url}/endless`), unaborted);
  for await (const _ of left.body) break;
  await ended[0];
  const controller = new AbortController();
  const aborted = await host.send(get(`${origin.url}/endless`), controller.signal);
  const reader = aborted.body[Symbol.asyncIterator]();
  await reader.next();
  controller.abort(new Error("enough"));
  await expect(reader.next()).rejects.toThrow("enough");
  await ended[1];
  const never = new AbortController();
  const pending = host.send(get(`${origin.url}/endless`), never.signal);
  never.abort(new Error("at once"));
  await expect(pending).rejects.toThrow("at once");
});

it("a reader that stops holds the origin back (06 H-46)", async () => {
  verifies("06 H-46");
  const total = 32 * 1024 * 1024;
  let sent = 0;
  const full = Promise.withResolvers<void>();
  await using origin = await secureOrigin("h2", {
    "/large": async (_request, response) => {
      const piece = Buffer.alloc(64 * 1024, "x");
      while (sent < total) {
        sent += piece.length;
        if (response.write(piece)) continue;
        full.resolve();
        await once(response, "drain");
      }
      response.end();
    },
  });
  const host = await warmHost(origin.url);
  const { body } = await host.send(get(`${origin.url}/large`), unaborted);
  await full.promise;
  let read = 0;
  for await (const piece of body) {
    // Its window, our queue, and what lies in sockets and on its way through TLS.
    expect(sent - read).toBeLessThan(8 * 1024 * 1024);
    read += piece.length;
  }
  expect(read).toBe(total);
});

it("has no headers of the connection, and keeps a host that is not the URL's (06 H-13)", async () => {
  await using origin = await secureOrigin("h2");
  const headers = [
    ["connection", "close"],
    ["transfer-encoding", "chunked"],
    ["keep-alive", "timeout=1"],
    ["host", "other.test"],
    ["cookie", "a=1"],
    ["cookie", "b=2"],
  ] as const;
  const { rawHeaders } = JSON.parse(await textOf(trustingHost(), get(origin.url, { headers }))) as {
    rawHeaders: string[];
  };
  const names = rawHeaders.filter((_, at) => at % 2 === 0 && !rawHeaders[at]?.startsWith(":"));
  expect(names).toEqual(["host", "cookie", "cookie"]);
});
