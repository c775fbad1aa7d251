import { expect, it } from "vitest";
import { connect, memoryTransportPair, ProcessLostError, type Transport } from "../../../src/index.ts";
import { ScriptedExecutor, settled } from "../../executor/scripted-executor.ts";
import { MemoryJournal } from "../../memory-journal.ts";
import { verifies } from "../../rules/verifies.ts";

/** A process that prints "one" to its client and "tail" to nobody; then its executor is gone, and another one has the journal. */
async function afterRestart(journal: MemoryJournal) {
  let world = new ScriptedExecutor({ journal });
  let transport: Transport | undefined;
  let isUp = Promise.resolve();
  const link = await connect({
    dial: async () => {
      await isUp;
      const [ours, theirs] = memoryTransportPair();
      void world.executor.accept(theirs);
      transport = ours;
      return ours;
    },
  });
  const process = await link.start(["program"]);
  const reader = process.output;
  const { host } = world;
  host.last.print("one");
  expect(Buffer.from((await reader.next()).value.bytes).toString()).toBe("one");
  const start = Promise.withResolvers<void>();
  isUp = start.promise;
  transport?.destroy();
  await settled();
  host.last.print("tail");
  world = new ScriptedExecutor({ journal });
  start.resolve();
  expect(Buffer.from((await reader.next()).value.bytes).toString()).toBe("tail");
  return { link, process, reader };
}

it("a link gets the tail of a process that died with its executor, and exit code 137 (03 D-8)", async () => {
  verifies("03 D-8");
  const { link, process, reader } = await afterRestart(new MemoryJournal());
  expect(await reader.next()).toEqual({ done: true, value: undefined });
  expect(await process.exited).toEqual({ exitCode: 137, usage: null });
  await process.closed;
  expect(link.state).toMatchObject({ value: "Connected", generation: 2 });
  await link.close();
});

it("where the end of the journal may be lost, it gets what is there, and then hears that there may have been more", async () => {
  const journal = new MemoryJournal();
  journal.isComplete = false;
  const { link, process, reader } = await afterRestart(journal);
  await expect(reader.next()).rejects.toBeInstanceOf(ProcessLostError);
  await expect(process.exited).rejects.toMatchObject({ code: "processLost", effect: "unknown" });
  expect(link.state.value).toBe("Connected");
  await link.close();
});
