import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, type Link, UnsupportedError } from "../../src/index.ts";
import { type RunningServer, startServer } from "../conformance/peer/server.ts";
import { httpOrigin, type Origin } from "../http-origin.ts";
import { withReference } from "./suite/reference.ts";

await withReference(() => {
  let server: RunningServer;
  let origin: Origin;
  let link: Link;

  beforeAll(async () => {
    server = await startServer("reference");
    origin = await httpOrigin();
    link = await connect(server.url);
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
});
