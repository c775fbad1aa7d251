import { describe, expect, it } from "vitest";
import { EventGapError, EventOrder, type NumberedEvent } from "../../src/actors/event-order.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { ProcessReadResult } from "../../src/protocol/process.ts";

type Output = Extract<NumberedEvent, { type: "output" }>;

/** What a process did until now: output, at most one exit, and last the close. */
function historyOf({ outputs, exitAt, isClosed }: { outputs: number; exitAt: number | null; isClosed: boolean }) {
  const events: NumberedEvent[] = [];
  for (let n = 0; n <= outputs; n += 1) {
    if (n === exitAt) events.push({ type: "exited", seq: events.length + 1, exitCode: 7, usage: null });
    if (n < outputs) {
      events.push({ type: "output", seq: events.length + 1, stream: "stdout", bytes: Uint8Array.of(n) });
    }
  }
  if (isClosed && exitAt !== null) events.push({ type: "closed", seq: events.length + 1 });
  return events;
}

/** What an executor that keeps the newest chunks answers; a Proctor executor tells the number of the exit. */
function answerOf(
  events: readonly NumberedEvent[],
  {
    afterSeq,
    chunks = null,
    kept = null,
    isProctor,
  }: {
    readonly afterSeq: number;
    readonly chunks?: number | null;
    readonly kept?: number | null;
    readonly isProctor: boolean;
  },
): ProcessReadResult {
  const outputs = events.filter((event): event is Output => event.type === "output");
  const retained = kept === null ? outputs : outputs.slice(-kept);
  const after = retained.filter(({ seq }) => seq > afterSeq);
  const page = chunks === null ? after : after.slice(0, chunks);
  const exit = events.find((event) => event.type === "exited");
  const end = events.length + 1;
  return {
    chunks: page.map(({ seq, stream, bytes }) => ({ seq, stream, chunk: bytes })),
    nextSeq: chunks === null ? end : (page.at(-1)?.seq ?? end - 1) + 1,
    exited: exit !== undefined,
    exitCode: exit?.exitCode ?? null,
    closed: events.at(-1)?.type === "closed",
    failure: null,
    sandboxDenied: false,
    ...(isProctor && { exitSeq: exit?.seq ?? null }),
  };
}

describe("what a read answers after an outage", () => {
  it.each([true, false])("lost numbers are named, and never bridged (pages: %s) (03 D-18)", (isPage) => {
    const events = historyOf({ outputs: 20, exitAt: null, isClosed: false });
    const order = new EventOrder();
    for (const event of events.slice(0, 4)) order.add(event);
    expect([...order.release()]).toHaveLength(4);
    const answer = answerOf(events, { afterSeq: 4, chunks: isPage ? 3 : null, kept: 5, isProctor: isPage });
    const merge = () => order.merge(answer, isPage);
    expect(merge).toThrow(EventGapError);
    expect(merge).toThrow(expect.objectContaining({ afterSeq: 4, beforeSeq: 16, message: "events 5 to 15 are lost" }));
    expect([...order.release()]).toEqual([]);
  });

  it("a single lost chunk is not taken for the exit where the number of the exit is told", () => {
    const events = historyOf({ outputs: 5, exitAt: 5, isClosed: true });
    const answer = answerOf(events, { afterSeq: 0, isProctor: true });
    const order = new EventOrder();
    const holed = { ...answer, chunks: answer.chunks.filter(({ seq }) => seq !== 3) };
    expect(() => order.merge(holed, false)).toThrow("events 3 to 3 are lost");
  });

  it("an exit that was heard before is not invented again in place of a lost chunk (03 CL-42)", () => {
    const events = historyOf({ outputs: 5, exitAt: 5, isClosed: true });
    const order = new EventOrder();
    const exit = events.find(({ type }) => type === "exited");
    if (exit !== undefined) order.add(exit);
    const answer = answerOf(events, { afterSeq: 0, isProctor: false });
    expect(() => order.merge({ ...answer, chunks: answer.chunks.slice(1) }, false)).toThrow("events 1 to 1 are lost");
  });

  it("an exit that was heard and let go again is found by reading", () => {
    const events = historyOf({ outputs: 5, exitAt: 3, isClosed: true });
    const order = new EventOrder();
    for (const event of events.slice(1)) order.add(event);
    order.forgetWaiting();
    order.merge(answerOf(events, { afterSeq: 0, isProctor: false }), false);
    expect([...order.release()]).toEqual(events);
  });

  it("an answer that cannot be true is the executor's fault", () => {
    const answer = answerOf([], { afterSeq: 0, isProctor: false });
    expect(() => new EventOrder().merge({ ...answer, failure: "poll failed" }, false)).toThrow(ProtocolError);
    const unnumbered = { ...answer, exited: true, exitCode: 0, nextSeq: 2, chunks: [] };
    const order = new EventOrder();
    order.add({ type: "output", seq: 1, stream: "stdout", bytes: new Uint8Array() });
    expect(() => order.merge(unnumbered, false)).toThrow(ProtocolError);
  });
});
