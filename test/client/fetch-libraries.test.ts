import ky, { HTTPError, TimeoutError } from "ky";
import { afterAll, describe, expect, it } from "vitest";
import { connect, type RemoteFetch, serve } from "../../src/index.ts";
import { httpOrigin } from "../http-origin.ts";

const server = await serve();
const link = await connect(server.url);
let tries = 0;
const origin = await httpOrigin({
  "/third": (_query, _request, response) => {
    tries += 1;
    response.writeHead(tries % 3 === 0 ? 200 : 503, { "retry-after": "0" }).end(`try ${tries}`);
  },
});

afterAll(async () => {
  await link.close();
  await server.close();
  await origin[Symbol.asyncDispose]();
});

/** What ky, a library that takes a custom fetch, makes of both. */
describe.each<[string, RemoteFetch]>([
  ["the platform's fetch", (input, init) => fetch(input, init)],
  ["link.fetch", link.fetch],
])("ky over %s", (_name, custom) => {
  const api = ky.create({
    fetch: custom as typeof fetch,
    baseUrl: `${origin.url}/`,
    retry: { limit: 3, delay: () => 0 },
  });

  it("sends and gets JSON, with queries, headers and hooks", async () => {
    const seen: string[] = [];
    const echo = await api
      .post("echo", {
        json: { a: "ü" },
        searchParams: { q: "1 2" },
        headers: { "x-a": "1" },
        hooks: { beforeRequest: [({ request }) => void seen.push(request.url)] },
      })
      .json<{ method: string; url: string; body: string; rawHeaders: string[] }>();
    expect(echo).toMatchObject({ method: "POST", url: "/echo?q=1+2" });
    expect(JSON.parse(Buffer.from(echo.body, "base64").toString())).toEqual({ a: "ü" });
    expect(echo.rawHeaders).toEqual(expect.arrayContaining(["x-a", "1"]));
    expect(seen).toEqual([`${origin.url}/echo?q=1+2`]);
  });

  it("tries again what may succeed, and turns a status into an error", async () => {
    await expect(api.get("third").text()).resolves.toMatch(/^try \d+$/);
    expect(tries % 3).toBe(0);
    await expect(api.get("nowhere")).rejects.toBeInstanceOf(HTTPError);
  });

  it("ends what takes too long, and what is aborted", async () => {
    await expect(api.get("hang", { timeout: 20, retry: 0 })).rejects.toBeInstanceOf(TimeoutError);
    const controller = new AbortController();
    const pending = api.get("hang", { signal: controller.signal, retry: 0 }).text();
    controller.abort(new Error("enough"));
    await expect(pending).rejects.toThrow("enough");
  });

  it("follows the progress of a download", async () => {
    const progress: number[] = [];
    const onDownloadProgress = ({ transferredBytes }: { transferredBytes: number }) => progress.push(transferredBytes);
    const text = await api.get("chunks?n=3", { onDownloadProgress }).text();
    expect(text).toBe("chunk0chunk1chunk2");
    expect(progress.at(-1)).toBe(text.length);
  });
});
