import { expect, it } from "vitest";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

it("a peer that stays silent for 60 s after a ping is cut off, and its session detached (01 B-6)", async () => {
  verifies("01 B-6");
  const world = new ScriptedExecutor();
  const { line, sessionId } = await world.connect();
  line.stall();
  await world.pass(89_999);
  expect(world.executor.counts.connections).toBe(1);
  await world.pass(1);
  const next = await world.connect(sessionId);
  expect(next.sessionId).toBe(sessionId);
});

it("an idle peer that answers its pings stays connected for a day (01 W-11)", async () => {
  verifies("01 W-11");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await world.pass(24 * 3_600_000);
  expect(peer.end).toBeUndefined();
  await expect(peer.request("environment/info")).resolves.toBeDefined();
});

it("a peer that never shakes hands stays connected too (01 W-50)", async () => {
  verifies("01 W-50");
  const world = new ScriptedExecutor();
  const { peer } = world.open();
  await world.pass(3_600_000);
  await expect(peer.handshake()).resolves.toBeDefined();
});

const violations: readonly (readonly [name: string, shakesHands: boolean, text: string])[] = [
  ["an unknown notification", true, '{"method":"nope","params":{}}'],
  ["an unknown notification before the handshake", false, '{"method":"nope"}'],
  ["initialized before initialize", false, '{"method":"initialized"}'],
  ["initialize as a notification", false, '{"method":"initialize","params":{"clientName":"x"}}'],
  ["a response", true, '{"id":1,"result":{}}'],
  ["an error", true, '{"id":1,"error":{"code":1,"message":"m"}}'],
];

it.each(violations)(
  "%s ends the connection with 1002, after the answers to what came before (01 W-38 to W-40)",
  async (_, shakesHands, text) => {
    verifies("01 W-38", "01 W-39", "01 W-40", "01 W-50", "01 B-5", "03 SS-5");
    const world = new ScriptedExecutor();
    const { peer } = world.open();
    if (shakesHands) await peer.handshake();
    peer.send('{"id":"before","method":"unknown"}');
    peer.send(text);
    peer.send('{"id":"behind","method":"unknown"}');
    await expect(peer.ended).resolves.toMatchObject({ code: 1002 });
    expect(peer.answered).toContain("before");
    expect(peer.answered).not.toContain("behind");
    await settled();
    expect(world.executor.counts.connections).toBe(0);
  },
);

it("what ends no connection: malformed messages, unknown methods, bad params, a second initialize (01 W-50)", async () => {
  verifies("01 W-50", "01 W-31");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  for (const text of ["", "{", "[]", "[1,2]", "null", "3", '"x"', "{}", '{"id":1}', '{"params":{}}', "\u0000"])
    peer.send(text);
  await expect(peer.request("unknown")).rejects.toMatchObject({ rpcCode: -32601 });
  await expect(peer.request("process/read", {})).rejects.toMatchObject({ rpcCode: -32602 });
  await expect(peer.request("initialize", { clientName: "x" })).rejects.toMatchObject({ rpcCode: -32600 });
  peer.notify("initialized", "again, with anything");
  await expect(peer.request("initialized")).rejects.toMatchObject({ rpcCode: -32601 });
  expect(peer.malformed).toHaveLength(11);
  for (const error of peer.malformed) expect(error.rpcCode).toBe(-32600);
  await expect(peer.request("environment/info")).resolves.toBeDefined();
});

it("requests that need the handshake name their family and what is missing (01 W-34)", async () => {
  verifies("01 W-34", "03 SS-5");
  const world = new ScriptedExecutor();
  const { peer } = world.open();
  const early = [
    ["process/start", startParams("p"), "exec"],
    ["fs/readFile", { path: "/tmp/x" }, "filesystem"],
    ["environment/info", {}, "environment info"],
  ] as const;
  for (const [method, params, family] of early) {
    await expect(peer.request(method, params)).rejects.toMatchObject({
      rpcCode: -32600,
      message: `client must call initialize before using ${family} methods`,
    });
  }
  await peer.request("initialize", { clientName: "c" });
  for (const [method, params, family] of early) {
    await expect(peer.request(method, params)).rejects.toMatchObject({
      rpcCode: -32600,
      message: `client must send initialized before using ${family} methods`,
    });
  }
  peer.notify("initialized");
  await expect(peer.request("environment/info")).resolves.toBeDefined();
});

it("the method comes first, then the params, then the handshake (01 W-35)", async () => {
  verifies("01 W-35", "04 F-2");
  const world = new ScriptedExecutor();
  const { peer } = world.open();
  await expect(peer.request("unknown", "x")).rejects.toMatchObject({ rpcCode: -32601 });
  await expect(peer.request("process/read", {})).rejects.toMatchObject({ rpcCode: -32602 });
  await expect(peer.request("process/read", { processId: "p" })).rejects.toMatchObject({ rpcCode: -32600 });
  await expect(peer.request("fs/getMetadata", { path: "rel" })).rejects.toMatchObject({ rpcCode: -32602 });
  await expect(peer.request("fs/getMetadata", { path: "/tmp" })).rejects.toMatchObject({ rpcCode: -32600 });
});

it("every message may be written before the first answer is read (01 W-33)", async () => {
  verifies("01 W-33");
  const world = new ScriptedExecutor();
  const { peer } = world.open();
  const answers = [peer.request("initialize", { clientName: "c" })];
  peer.notify("initialized");
  answers.push(peer.request("process/start", startParams("p")), peer.request("process/read", { processId: "p" }));
  await expect(Promise.all(answers)).resolves.toHaveLength(3);
});
