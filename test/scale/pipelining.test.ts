import { afterAll, beforeAll, expect, it } from "vitest";
import { type Server, serve } from "../../src/index.ts";
import { RpcClient, startParams } from "../conformance/peer/rpc-client.ts";
import { verifies } from "../rules/verifies.ts";

let server: Server;

beforeAll(async () => {
  server = await serve();
});

afterAll(() => server.close());

const noisy = startParams("noisy", ["sh", "-c", "while :; do head -c 65536 /dev/zero; done"]);

/** Writes requests in one go, before anything is read, and counts the answers. */
async function burst(client: RpcClient, requests: number, readsMeanwhile: boolean): Promise<void> {
  if (!readsMeanwhile) client.peer.pauseReading();
  const before = client.answers.length;
  const texts = Array.from({ length: requests }, (_, n) =>
    JSON.stringify({ id: `burst ${n}`, method: "environment/info" }),
  );
  client.peer.sendAll(texts);
  if (!readsMeanwhile) client.peer.resumeReading();
  await client.until(() => client.answers.length - before >= requests, `fewer than ${requests} answers`, 60_000);
  const ids = new Set(client.answers.slice(before).map(({ id }) => id));
  expect(ids.size).toBe(requests);
}

it.each([
  ["that reads all the time", true, 20_000],
  ["that reads only after its last write", false, 20_000],
])("20,000 requests in one go are all answered, to a peer %s (01 B-2)", async (_, readsMeanwhile, requests) => {
  verifies("01 B-2");
  using client = await RpcClient.open(server.url);
  await burst(client, requests, readsMeanwhile);
});

it.each([
  ["that reads all the time", true],
  ["that reads only after its last write", false],
])(
  "so they are with a process that prints without end, to a peer %s; and the session can be resumed (03 T-11, 01 B-2)",
  async (_, readsMeanwhile) => {
    verifies("03 T-11", "03 D-7", "01 B-2");
    const client = await RpcClient.open(server.url);
    await client.result("process/start", noisy);
    await burst(client, 5_000, readsMeanwhile);
    client.peer.drop();
    using next = await RpcClient.resume(server.url, client.sessionId);
    expect(await next.result("process/terminate", { processId: "noisy" })).toEqual({ running: true });
    await next.event("process/closed", "noisy");
  },
);

it("a peer that never reads its 20,000 answers disturbs nobody, and its session can be resumed", async () => {
  const deaf = await RpcClient.open(server.url);
  deaf.peer.pauseReading();
  const text = JSON.stringify({ id: "x".repeat(1_000), method: "environment/info" });
  deaf.peer.sendAll(Array.from({ length: 20_000 }, () => text));
  using other = await RpcClient.open(server.url);
  await burst(other, 2_000, true);
  deaf.peer.drop();
  using next = await RpcClient.resume(server.url, deaf.sessionId);
  await next.result("environment/info", {});
});
