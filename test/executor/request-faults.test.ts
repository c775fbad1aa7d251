import { expect, it } from "vitest";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled } from "./scripted-executor.ts";

it("a fault in one request is its answer, and disturbs nobody (01 B-8)", async () => {
  verifies("01 B-8");
  const world = new ScriptedExecutor();
  const [a, b] = [await world.connect(), await world.connect()];
  world.host.info = () => Promise.reject(new Error("the user database is broken"));
  const beside = b.peer.request("process/read", { processId: "none" });
  const answer = a.peer.request("environment/info");
  await expect(answer).rejects.toMatchObject({ rpcCode: -32603, message: "the user database is broken" });
  await expect(beside).rejects.toMatchObject({ rpcCode: -32600 });
  await expect(a.peer.request("process/terminate", { processId: "p" })).resolves.toEqual({ running: false });
  expect([a.peer.end, b.peer.end]).toEqual([undefined, undefined]);
});

it("a handler that throws before it waits is answered as well (01 B-8)", async () => {
  verifies("01 B-8");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  world.host.info = () => {
    throw new TypeError("at once");
  };
  await expect(peer.request("environment/info")).rejects.toMatchObject({ rpcCode: -32603, message: "at once" });
});

it("a result that cannot be written as JSON is an internal error of that request only (01 B-8)", async () => {
  verifies("01 B-8");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  // What a host says is not always what its type says.
  const unwritable = { shell: { name: "sh", path: "/bin/sh" }, self: {} };
  unwritable.self = unwritable;
  world.host.info = () => Promise.resolve(unwritable);
  await expect(peer.request("environment/info")).rejects.toMatchObject({ rpcCode: -32603 });
  expect(peer.end).toBeUndefined();
  await settled();
  expect(world.faults).toEqual([]);
});

it("an answer that no message can carry is an error that names the limit, and the connection lives on (03 D-15)", async () => {
  verifies("03 D-15");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  const limitBytes = 60 * 1024 * 1024;
  let length = limitBytes;
  world.host.info = () => Promise.resolve({ shell: { name: "sh", path: "é".repeat(length / 2) } });
  await expect(peer.request("environment/info")).rejects.toMatchObject({
    rpcCode: -32603,
    message: expect.stringContaining(`does not fit one message of ${limitBytes} bytes`),
    data: { limitBytes, bytes: expect.any(Number) },
  });
  length = limitBytes - 1_000;
  expect(await peer.request("environment/info")).toMatchObject({ shell: { name: "sh" } });
  expect(peer.end).toBeUndefined();
});
