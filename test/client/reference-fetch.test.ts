import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, type Link, UnsupportedError } from "../../src/index.ts";
import { type RunningServer, startServer } from "../conformance/peer/server.ts";
import { httpOrigin, type Origin } from "../http-origin.ts";
import { verifies } from "../rules/verifies.ts";
import { withReference } from "./suite/reference.ts";

await withReference(() => {
  let server: RunningServer;
  let origin: Origin;
  let link: Link;
  const held = { asked: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };
  const endless = { held: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };

  beforeAll(async () => {
    server = await startServer("reference");
    origin = await httpOrigin({
      "/length": async (_query, request, response) => {
        let length = 0;
        for await (const piece of request) length += piece.length;
        response.end(String(length));
      },
      "/held": (_query, _request, response) => {
        held.asked.resolve();
        response.on("close", held.released.resolve);
      },
      "/endless": async (_query, _request, response) => {
        response.on("close", endless.released.resolve);
        const piece = Buffer.alloc(1024 * 1024, "x");
        const closed = new AbortController();
        response.on("close", () => closed.abort());
        while (!response.destroyed) {
          if (response.write(piece)) continue;
          await once(response, "drain", { signal: closed.signal }).catch(() => undefined); // over, says the loop
        }
      },
    });
    link = await connect(server.url, {
      onInspection: (event) => {
        if (event.type !== "@xstate.snapshot" || !("value" in event.snapshot)) return;
        if (JSON.stringify(event.snapshot.value) === '{"Open":{"Streaming":"Held"}}') endless.held.resolve();
      },
    });
  });

  afterAll(async () => {
    await link.close();
    await origin[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  it("fetches through Codex: streamed, decoded, redirected", async () => {
    const streamed = await link.fetch(`${origin.url}/chunks?n=3&ms=1`);
    await expect(streamed.text()).resolves.toBe("chunk0chunk1chunk2");
    await expect((await link.fetch(`${origin.url}/gzip`)).text()).resolves.toBe("hello hello gzip");
    const redirected = await link.fetch(`${origin.url}/redir?code=307&to=/echo`, { method: "POST", body: "x" });
    await expect(redirected.json()).resolves.toMatchObject({ method: "POST", body: btoa("x") });
  });

  it("fails as a fetch does, with the word of Codex as the cause", async () => {
    const cause = expect.objectContaining({ message: expect.stringMatching(/^http\/request failed: /) });
    await expect(link.fetch("http://127.0.0.1:9/")).rejects.toMatchObject({ message: "fetch failed", cause });
  });

  it("follows a redirect that it cannot stop at, or refuses the call (06 F-8)", async () => {
    const followed = await link.fetch(`${origin.url}/redir?code=307&to=/echo`, { redirect: "manual" });
    await expect(followed.json()).resolves.toMatchObject({ method: "GET", url: "/echo" });
    await using strict = await connect(server.url, { unsupportedRedirect: "reject" });
    await expect(strict.fetch(origin.url, { redirect: "manual" })).rejects.toBeInstanceOf(UnsupportedError);
  });

  it("lets a body go that nobody wants, and goes on", async () => {
    const { body } = await link.fetch(`${origin.url}/sse?n=100000&ms=1`);
    await body?.cancel();
    await expect((await link.fetch(`${origin.url}/status?code=200&body=next`)).text()).resolves.toBe("next");
  });

  it("sends bodies that are larger than a frame may be (06 H-29)", async () => {
    verifies("06 H-29");
    const body = Buffer.alloc(20 * 1024 * 1024, "x");
    const response = await link.fetch(`${origin.url}/length`, { method: "PUT", body });
    await expect(response.text()).resolves.toBe(String(body.length));
  });

  it("an origin that takes its time delays nothing else, and is let go of at once (06 H-58)", async () => {
    verifies("06 H-58");
    const controller = new AbortController();
    const slow = link.fetch(`${origin.url}/held`, { signal: controller.signal });
    const aborted = expect(slow).rejects.toThrow("enough");
    await held.asked.promise;
    const child = await link.start(["echo", "at the same time"]);
    await expect(child.text()).resolves.toBe("at the same time\n");
    await expect((await link.fetch(`${origin.url}/status?code=200&body=too`)).text()).resolves.toBe("too");
    controller.abort(new Error("enough"));
    await aborted;
    await held.released.promise;
  });

  it("a body that is not read holds nothing else back (06 H-58)", async () => {
    verifies("06 H-58");
    const { body } = await link.fetch(`${origin.url}/endless`);
    const reader = body!.getReader();
    await reader.read();
    await endless.held.promise; // its connection is not read any more
    const child = await link.start(["echo", "not held back"]);
    await expect(child.text()).resolves.toBe("not held back\n");
    await reader.cancel();
    await endless.released.promise;
  });
});
