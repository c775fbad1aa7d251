import { describe, expect, it } from "vitest";
import { ProcessLostError, type RemoteEvent } from "../../src/index.ts";
import { verifies } from "../rules/verifies.ts";
import { readAnswer } from "./recovery/scripted-dials.ts";
import { scriptedLink, settled, startScripted } from "./scripted-link.ts";

const output = (processId: string, seq: number, text = `${seq} `) =>
  ["process/output", { processId, seq, stream: "stdout", chunk: btoa(text) }] as const;

describe("events", () => {
  it("that overtake the answer to the start, or each other, are put in order (01 W-43, W-44)", async () => {
    verifies("01 W-43", "01 W-44");
    const { link, peer } = await scriptedLink();
    const starting = link.start(["program"]);
    await settled();
    const processId = String(peer.last.params.processId);
    const startId = peer.last.id;
    peer.notify("process/closed", { processId, seq: 5 });
    peer.notify(...output(processId, 2));
    peer.notify("process/exited", { processId, seq: 4, exitCode: 9 });
    peer.notify(...output(processId, 1));
    peer.answer({ processId }, startId);
    const process = await starting;
    const text = process.text();
    peer.notify(...output(processId, 2, "twice"));
    peer.notify(...output(processId, 3));
    expect(await text).toBe("1 2 3 ");
    expect(await process.exited).toMatchObject({ exitCode: 9 });
  });

  it("behind the close are nobody's (03 I-2)", async () => {
    verifies("03 I-2");
    const { link, peer } = await scriptedLink();
    const { process, processId } = await startScripted(link, peer);
    const events: RemoteEvent[] = [];
    process.events$.subscribe((event) => events.push(event));
    peer.notify("process/exited", { processId, seq: 4, exitCode: 0 });
    peer.notify(...output(processId, 3));
    peer.notify("process/closed", { processId, seq: 2 });
    peer.notify(...output(processId, 1));
    await process.closed;
    await settled();
    expect(events.map(({ type }) => type)).toEqual(["output", "closed"]);
    const late: RemoteEvent[] = [];
    process.events$.subscribe((event) => late.push(event));
    expect(late).toEqual(events);
    expect(await process.exited).toMatchObject({ exitCode: -1 });
  });

  it("whose predecessor does not come are let go at a bound, and read instead: nothing is lost (03 D-6)", async () => {
    verifies("03 CL-37");
    const { link, peer } = await scriptedLink();
    const { process, processId } = await startScripted(link, peer);
    const text = process.text();
    peer.notify(...output(processId, 1));
    for (let seq = 3; seq < 1_100; seq += 1) peer.notify(...output(processId, seq));
    await settled();
    expect(peer.last).toMatchObject({ method: "process/read", params: { processId, afterSeq: 1 } });
    // The read is answered as of 1,099; meanwhile so much more has come that it was let go as well.
    const chunks = (after: number, to: number) =>
      Array.from({ length: to - after }, (_, n) => ({
        seq: after + n + 1,
        stream: "stdout",
        chunk: btoa(`${after + n + 1} `),
      }));
    for (let seq = 1_100; seq < 3_300; seq += 1) peer.notify(...output(processId, seq));
    peer.answer(readAnswer({ chunks: chunks(1, 1_099), nextSeq: 1_100 }));
    await settled();
    expect(peer.last).toMatchObject({ method: "process/read", params: { processId, afterSeq: expect.any(Number) } });
    const after = Number(peer.last.params.afterSeq);
    peer.answer(readAnswer({ chunks: chunks(after, 3_300), nextSeq: 3_303, exited: true, exitCode: 4, closed: true }));
    expect(await text).toBe(Array.from({ length: 3_300 }, (_, n) => `${n + 1} `).join(""));
    expect(await process.exited).toMatchObject({ exitCode: 4 });
  });

  it("that the executor itself has lost fail that process, and no other, and say which they are (03 I-25)", async () => {
    verifies("03 I-25", "03 CL-44");
    const { link, peer } = await scriptedLink();
    const lossy = await startScripted(link, peer);
    const whole = await startScripted(link, peer);
    const text = lossy.process.text().catch((error: unknown) => error);
    peer.notify(...output(lossy.processId, 1));
    for (let seq = 3; seq < 1_100; seq += 1) peer.notify(...output(lossy.processId, seq));
    await settled();
    peer.answer(readAnswer({ chunks: [{ seq: 1_099, stream: "stdout", chunk: "" }], nextSeq: 1_100 }));
    expect(await text).toBeInstanceOf(ProcessLostError);
    expect(await text).toMatchObject({ effect: "unknown", cause: { code: "eventGap", afterSeq: 1 } });
    await expect(lossy.process.exited).rejects.toBe(await text);
    await settled();
    expect(peer.last).toMatchObject({ method: "process/terminate", params: { processId: lossy.processId } });
    peer.notify(...output(whole.processId, 1));
    expect(Buffer.from((await whole.process.output.next()).value.bytes).toString()).toBe("1 ");
    expect(link.state.value).toBe("Connected");
  });

  it("of a process that nobody started, and notifications that nobody knows, are ignored (01 W-51)", async () => {
    verifies("01 W-51");
    const { link, peer, faults } = await scriptedLink();
    peer.notify(...output("stranger", 1));
    peer.notify("process/exited", { processId: "stranger", seq: 2, exitCode: 0 });
    peer.notify("process/invented", { processId: "stranger" });
    await settled();
    expect(link.state.value).toBe("Connected");
    expect(faults).toEqual([]);
  });
});
