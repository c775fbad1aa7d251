import { expect, it } from "vitest";
import type { InspectionEvent } from "xstate";
import { rememberedWriteIds } from "../../src/actors/write-ledger.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

async function running(
  more: Readonly<Record<string, unknown>> = { pipeStdin: true },
  onInspection?: (event: InspectionEvent) => void,
) {
  const world = new ScriptedExecutor({ onInspection });
  const connection = await world.connect();
  await connection.peer.request("process/start", startParams("p", more));
  const write = (writeId: string, text = writeId) =>
    connection.peer.request("process/write", { processId: "p", writeId, chunk: btoa(text) });
  return { world, ...connection, child: world.host.last, write };
}

it("a repeated write id is accepted and writes nothing, whatever its bytes, also after the end (02 P-45)", async () => {
  verifies("02 P-45", "03 SS-52");
  const { child, write, peer } = await running();
  await write("a", "once ");
  await expect(write("a", "twice ")).resolves.toEqual({ status: "accepted" });
  await write("b", "new");
  expect(child.input).toBe("once new");
  await peer.request("process/terminate", { processId: "p" });
  await expect(write("a")).resolves.toEqual({ status: "accepted" });
  await expect(write("c")).rejects.toMatchObject({ rpcCode: -32603, message: "failed to write to process stdin" });
});

it("remembers every write id of a connection until the one after the next, and 4096 in any case (02 P-46, 03 D-11)", async () => {
  verifies("02 P-46", "03 D-11");
  const { world, child, write, peer, sessionId } = await running();
  for (let id = 0; id <= rememberedWriteIds; id += 1) await write(String(id), ".");
  await write("0", "forgotten?");
  let last = peer;
  const writeAgain = (writeId: string) =>
    last.request("process/write", { processId: "p", writeId, chunk: btoa("again") });
  for (const expected of ["", "again"]) {
    last.transport.destroy();
    await settled();
    last = (await world.connect(sessionId)).peer;
    await writeAgain("0");
    expect(child.input).toBe(".".repeat(rememberedWriteIds + 1) + expected);
  }
  await writeAgain("2");
  expect(child.input.endsWith(".again")).toBe(true);
});

it("an empty chunk is accepted, remembered, and writes nothing (02 P-48)", async () => {
  verifies("02 P-48");
  const { child, write } = await running();
  await expect(write("e", "")).resolves.toEqual({ status: "accepted" });
  await write("e", "ignored");
  expect(child.stdin).toEqual([]);
});

it("nothing that can be written ends the stdin of a process; the extension for it does, behind what was written", async () => {
  verifies("02 P-15");
  const { child, write, peer } = await running();
  await write("empty", "");
  await write("control", "\u0004\u0000");
  expect(child.inputEnded).toBe(false);
  child.readsStdin = false;
  const last = write("more");
  await expect(peer.request("process/closeStdin", { processId: "p" })).resolves.toEqual({});
  expect(child.inputEnded).toBe(false);
  child.readStdin();
  await settled();
  expect(child.inputEnded).toBe(true);
  await expect(last).resolves.toEqual({ status: "accepted" });
  expect(child.input).toBe("\u0004\u0000more");
  await expect(write("late")).resolves.toEqual({ status: "stdinClosed" });
  await expect(peer.request("process/read", { processId: "p" })).resolves.toMatchObject({ exited: false });
});

it("accepts 128 writes besides the one in progress, then lets them wait until the child reads (02 P-49)", async () => {
  verifies("02 P-49");
  const { child, write } = await running();
  child.readsStdin = false;
  const done: string[] = [];
  const writes = Array.from({ length: 140 }, (_, n) => write(`w${n} `).then(() => done.push(`w${n}`)));
  await settled();
  expect(done).toHaveLength(129);
  child.readStdin(1);
  await settled();
  expect(done).toHaveLength(130); // one was read, so one more fits
  child.readsStdin = true;
  child.readStdin();
  await Promise.all(writes);
  await settled();
  expect(child.input).toBe(Array.from({ length: 140 }, (_, n) => `w${n} `).join(""));
});

it("once the child has closed its stdin, or has exited, writes are told so; those it got are known as before (03 D-11)", async () => {
  verifies("03 D-11");
  for (const ending of ["closeStdin", "exit"] as const) {
    const lost: unknown[] = [];
    const inspect = (event: InspectionEvent) => {
      if (event.type === "@xstate.event" && event.event.type === "stdin.closed") lost.push(event.event.lostBytes);
    };
    const { child, write } = await running({ pipeStdin: true }, inspect);
    await write("got");
    child.readsStdin = false;
    await write("in progress", "12");
    await write("queued", "345");
    child[ending]();
    await settled();
    await expect(write("got")).resolves.toEqual({ status: "accepted" });
    await expect(write("new")).resolves.toEqual({ status: "stdinClosed" });
    await expect(write("new")).resolves.toEqual({ status: "stdinClosed" });
    expect(child.input).toBe("got");
    expect(lost[0]).toBe(5); // whoever inspects the process sees how much was accepted in vain
  }
});

it("two waiting writes with one id write once (02 P-45)", async () => {
  verifies("02 P-45");
  const { child, write } = await running();
  child.readsStdin = false;
  for (let n = 0; n < 129; n += 1) await write(`w${n}`, ".");
  const twins = [write("twin", "!"), write("twin", "?")];
  child.readsStdin = true;
  child.readStdin();
  await Promise.all(twins);
  await settled();
  expect(child.input).toBe(`${".".repeat(129)}!`);
});

it("what waits after a natural end is told that stdin is closed, after a terminate it is refused (02 P-50, 03 D-11)", async () => {
  verifies("02 P-50", "03 D-11");
  for (const ending of ["exit", "closeStdin", "terminate"] as const) {
    const { child, write, peer } = await running();
    child.readsStdin = false;
    for (let n = 0; n < 129; n += 1) await write(`w${n}`);
    const parked = write("parked");
    if (ending === "terminate") await peer.request("process/terminate", { processId: "p" });
    else child[ending]();
    if (ending === "terminate") await expect(parked).rejects.toMatchObject({ rpcCode: -32603 });
    else await expect(parked).resolves.toEqual({ status: "stdinClosed" });
    expect(child.input).toBe("");
  }
});

it("a process without stdin says so, one that is not there as well, and an empty write id is refused (02 P-44)", async () => {
  verifies("02 P-44", "02 P-43");
  const { write, peer } = await running({});
  await expect(write("w")).resolves.toEqual({ status: "stdinClosed" });
  const unknown = { processId: "q", writeId: "w", chunk: "" };
  await expect(peer.request("process/write", unknown)).resolves.toEqual({ status: "unknownProcess" });
  await expect(peer.request("process/write", { ...unknown, writeId: "" })).rejects.toMatchObject({
    rpcCode: -32602,
    message: "writeId must not be empty",
  });
});

it("a write that waits when its connection ends has no effect, so that it can be repeated (02 P-47)", async () => {
  verifies("02 P-47", "03 SS-52");
  const { world, child, write, peer, sessionId } = await running();
  child.readsStdin = false;
  for (let n = 0; n < 129; n += 1) await write(`w${n}`, ".");
  void write("parked", "!");
  await settled();
  peer.transport.destroy();
  await settled();
  child.readsStdin = true;
  child.readStdin();
  await settled();
  const next = await world.connect(sessionId);
  expect(child.input).toBe(".".repeat(129));
  await next.peer.request("process/write", { processId: "p", writeId: "parked", chunk: btoa("!") });
  expect(child.input).toBe(`${".".repeat(129)}!`);
});
