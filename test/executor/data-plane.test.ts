import { expect, it } from "vitest";
import type { InspectionEvent } from "xstate";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

it("bytes reach no machine: neither output nor input nor reading causes an event", async () => {
  verifies("03 N-4");
  const seen: InspectionEvent[] = [];
  const world = new ScriptedExecutor({ onInspection: (event) => seen.push(event) });
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p", { pipeStdin: true }));
  await settled();
  const before = seen.length;
  expect(before).toBeGreaterThan(0);
  for (let n = 0; n < 100; n += 1) {
    world.host.last.print(`line ${n}\n`);
    await peer.request("process/write", { processId: "p", writeId: `w${n}`, chunk: btoa("typed\n") });
    await peer.request("process/read", { processId: "p", afterSeq: n });
  }
  await settled();
  expect(peer.eventsOf("p")).toHaveLength(100);
  expect(seen.slice(before)).toEqual([]);
  world.host.last.exit(0);
  expect(seen.length).toBeGreaterThan(before);
});
