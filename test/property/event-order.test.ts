import fc from "fast-check";
import { expect, it } from "vitest";
import { EventGapError, EventOrder, type NumberedEvent, type RemoteEvent } from "../../src/actors/event-order.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { ProcessReadResult } from "../../src/protocol/process.ts";
import { verifies } from "../rules/verifies.ts";
import { runs } from "./runs.ts";

/** What a process did, said once more without any numbers but the positions in this list. */
type Deed = "output" | "exited" | "closed";

/** An executor's record of one process: what it did, and up to where its output is evicted. */
class RecordModel {
  readonly deeds: readonly Deed[];
  readonly tellsExitSeq: boolean;
  /** Output up to here is gone. */
  evictedTo = 0;

  constructor(deeds: readonly Deed[], tellsExitSeq: boolean) {
    this.deeds = deeds;
    this.tellsExitSeq = tellsExitSeq;
  }

  event(seq: number): NumberedEvent {
    const deed = this.deeds[seq - 1];
    if (deed === "exited") return { type: "exited", seq, exitCode: 7, usage: null };
    if (deed === "closed") return { type: "closed", seq };
    return { type: "output", seq, stream: "stdout", bytes: Uint8Array.of(seq % 256) };
  }

  /** The answer to an unbounded read when the first `upTo` deeds were done. */
  read(afterSeq: number, upTo: number, mostChunks = Number.POSITIVE_INFINITY): ProcessReadResult {
    const done = this.deeds.slice(0, upTo);
    const kept = done
      .map((deed, index) => ({ deed, seq: index + 1 }))
      .filter(({ deed, seq }) => deed === "output" && seq > afterSeq && seq > this.evictedTo)
      .slice(0, mostChunks);
    const chunks = kept.map(({ seq }) => ({ seq, stream: "stdout" as const, chunk: Uint8Array.of(seq % 256) }));
    const exitIndex = done.indexOf("exited");
    const isPage = mostChunks !== Number.POSITIVE_INFINITY && chunks.length > 0;
    return {
      chunks,
      nextSeq: isPage ? (chunks.at(-1)?.seq ?? 0) + 1 : upTo + 1,
      exited: exitIndex >= 0,
      exitCode: exitIndex >= 0 ? 7 : null,
      ...(this.tellsExitSeq && { exitSeq: exitIndex >= 0 ? exitIndex + 1 : null }),
      closed: done.includes("closed"),
      failure: null,
      sandboxDenied: false,
    };
  }
}

/** A life of at least one deed: output, an exit somewhere, a close at the end, or cut off before. */
const life: fc.Arbitrary<Deed[]> = fc
  .record({ before: fc.nat(12), after: fc.nat(6), lasts: fc.constantFrom("runs", "exits", "closes") })
  .map(({ before, after, lasts }): Deed[] => {
    const output = (count: number): Deed[] => Array.from({ length: count }, () => "output");
    if (lasts === "runs") return output(before + 1);
    return [...output(before), "exited", ...output(after), ...(lasts === "closes" ? (["closed"] as const) : [])];
  });

type Step =
  | { readonly do: "push"; readonly nth: number }
  | { readonly do: "read"; readonly staleBy: number; readonly asksAfter: number }
  | { readonly do: "evict"; readonly percent: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ do: fc.constant("push" as const), nth: fc.nat(30) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("read" as const), staleBy: fc.nat(5), asksAfter: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("evict" as const), percent: fc.nat(100) }),
  },
);

it("whatever comes by push or by reading, in any order, twice or late, or is evicted: the events are exact, or the gap is told (03 CL-41 to CL-43, I-4)", () => {
  verifies("03 CL-41", "03 CL-42", "03 CL-43", "03 I-2", "03 I-4");
  const seen = { whole: 0, gaps: 0, exitsInferred: 0 };
  fc.assert(
    fc.property(life, fc.boolean(), fc.array(step, { maxLength: 40, size: "max" }), (deeds, tellsExitSeq, steps) => {
      const record = new RecordModel(deeds, tellsExitSeq);
      const order = new EventOrder();
      const released: RemoteEvent[] = [];
      const pushed = new Set<number>();
      const release = () => {
        for (const event of order.release()) released.push(event);
      };
      const read = (upTo: number, asksAfter: number): boolean => {
        // A read that was asked before the last releases answers with what is known by now.
        const afterSeq = Math.max(0, order.lastSeq - asksAfter);
        const lost = lostBetween(record, order.lastSeq, upTo, pushed);
        try {
          order.merge(record.read(afterSeq, upTo), false);
        } catch (error) {
          expect(error).toBeInstanceOf(EventGapError);
          const { afterSeq: after, beforeSeq: before } = error as EventGapError;
          expect(lost.length).toBeGreaterThan(0);
          expect(before - after).toBeGreaterThan(1);
          seen.gaps += 1;
          return false;
        }
        expect(lost).toEqual([]);
        release();
        const exitSeq = deeds.indexOf("exited") + 1;
        if (exitSeq > 0 && exitSeq <= upTo && !pushed.has(exitSeq) && !tellsExitSeq) seen.exitsInferred += 1;
        expect(order.lastSeq).toBeGreaterThanOrEqual(upTo);
        return true;
      };
      for (const what of steps) {
        if (what.do === "push") {
          const seq = (what.nth % deeds.length) + 1;
          pushed.add(seq);
          order.add(record.event(seq));
          release();
        } else if (what.do === "evict") {
          record.evictedTo = Math.max(record.evictedTo, Math.floor((what.percent / 100) * deeds.length));
        } else if (!read(Math.max(highest(pushed), deeds.length - what.staleBy), what.asksAfter)) return;
        expect(released).toEqual(deeds.slice(0, order.lastSeq).map((_, index) => record.event(index + 1)));
      }
      if (!read(deeds.length, 0)) return;
      expect(released).toEqual(deeds.map((_, index) => record.event(index + 1)));
      seen.whole += 1;
    }),
    runs,
  );
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50);
});

it("page by page, with pushes in between, comes to the same as at once (03 D-2)", () => {
  verifies("03 D-2");
  fc.assert(
    fc.property(
      life,
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.nat(30), { maxLength: 20, size: "max" }),
      (deeds, pageLength, pushes) => {
        const record = new RecordModel(deeds, true);
        const order = new EventOrder();
        const released: RemoteEvent[] = [];
        for (let pages = 0; ; pages += 1) {
          expect(pages).toBeLessThanOrEqual(deeds.length + 1);
          const isAll = order.merge(record.read(order.lastSeq, deeds.length, pageLength), true);
          const seq = pushes[pages];
          if (seq !== undefined) order.add(record.event((seq % deeds.length) + 1));
          for (const event of order.release()) released.push(event);
          if (isAll) break;
        }
        expect(released).toEqual(deeds.map((_, index) => record.event(index + 1)));
      },
    ),
    runs,
  );
});

it("where gaps are marked the numbers have no hole, and nothing is given up that could be had (03 D-2, I-4)", () => {
  verifies("03 D-2", "03 I-2", "03 I-4");
  let gaps = 0;
  fc.assert(
    fc.property(life, fc.array(step, { maxLength: 40, size: "max" }), (deeds, steps) => {
      const record = new RecordModel(deeds, true);
      const order = new EventOrder("mark");
      const pushed = new Set<number>();
      let told = 0;
      const release = () => {
        for (const event of order.release()) {
          expect(event.type === "gap" ? event.fromSeq : event.seq).toBe(told + 1);
          told = event.seq;
          if (event.type !== "gap") expect(event).toEqual(record.event(event.seq));
          else gaps += 1;
        }
      };
      const read = (upTo: number) => {
        const lost = lostBetween(record, order.lastSeq, upTo, pushed);
        const before = gaps;
        order.merge(record.read(order.lastSeq, upTo), false);
        release();
        expect(gaps > before).toBe(lost.length > 0);
        expect(order.lastSeq).toBeGreaterThanOrEqual(upTo);
      };
      for (const what of steps) {
        if (what.do === "push") {
          const seq = (what.nth % deeds.length) + 1;
          pushed.add(seq);
          order.add(record.event(seq));
          release();
        } else if (what.do === "evict") {
          record.evictedTo = Math.max(record.evictedTo, Math.floor((what.percent / 100) * deeds.length));
        } else read(Math.max(highest(pushed), deeds.length - what.staleBy));
      }
      read(deeds.length);
      expect(told).toBe(deeds.length);
      expect(order.missingSeq).toBeNull();
    }),
    runs,
  );
  expect(gaps).toBeGreaterThan(50);
});

it("an answer that cannot be true is a ProtocolError, not an endless wait (03 CL-41)", () => {
  verifies("03 CL-41");
  const record = new RecordModel(["output", "output"], false);
  const answer = record.read(0, 2);
  expect(() => new EventOrder().merge({ ...answer, exited: true, exitCode: 0 }, false)).toThrow(ProtocolError);
  expect(() => new EventOrder().merge({ ...answer, failure: "the pump is gone" }, false)).toThrow(/the pump is gone/);
});

const highest = (numbers: ReadonlySet<number>) => Math.max(0, ...numbers);

/** The output that neither a push nor a read up to `upTo` can bring. */
function lostBetween(record: RecordModel, lastSeq: number, upTo: number, pushed: ReadonlySet<number>): number[] {
  const numbers = Array.from({ length: Math.max(0, upTo - lastSeq) }, (_, n) => lastSeq + n + 1);
  return numbers.filter((seq) => record.deeds[seq - 1] === "output" && seq <= record.evictedTo && !pushed.has(seq));
}
