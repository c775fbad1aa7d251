import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultOutputLogLimits, OutputLog, type OutputLogLimits } from "../../src/actors/output-log.ts";
import { encodeBase64 } from "../../src/protocol/base64.ts";
import type { OutputStream } from "../../src/protocol/process.ts";
import { verifies } from "../rules/verifies.ts";

const stream = fc.constantFrom<OutputStream>("stdout", "stderr", "pty");

describe("the output log", () => {
  it("is what an array that obeys the rules would be, whatever is appended, numbered and read (02 P-23, P-31 to P-35)", () => {
    verifies("02 P-23", "02 P-31", "02 P-32", "02 P-34", "02 P-35");
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant("append" as const), stream, size: fc.oneof(fc.nat(20), fc.nat(300)) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("number" as const) }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant("read" as const),
          afterSeq: fc.nat(250),
          maxBytes: fc.option(fc.nat(500)),
        }),
      },
    );
    const limits = fc.record({
      memoryBytes: fc.nat(400),
      retainedChunks: fc.integer({ min: 1, max: 90 }),
      whenFull: fc.constant("newest" as const),
      answerBytes: fc.constant(1_000_000),
    });
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 250 }), (bounds, steps) => {
        const log = new OutputLog(bounds);
        const model = new ArrayLog(bounds);
        for (const what of steps) {
          if (what.do === "append") {
            const bytes = new Uint8Array(what.size).fill(model.nextSeq);
            expect(log.append(what.stream, bytes.slice())).toBe(model.append(what.stream, bytes));
          } else if (what.do === "number") expect(log.takeSeq()).toBe(model.nextSeq++);
          else {
            expect(log.read(what.afterSeq, what.maxBytes)).toEqual(model.read(what.afterSeq, what.maxBytes));
            expect(log.hasAfter(what.afterSeq)).toBe(model.chunks.some(({ seq }) => seq > what.afterSeq));
          }
          expect(log.nextSeq).toBe(model.nextSeq);
          expect(log.retainedBytes).toBe(model.bytes);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("answers no more at once than one message carries, also in many small chunks (03 D-2, D-15)", () => {
    verifies("03 D-2", "03 D-15");
    const log = new OutputLog({ ...defaultOutputLogLimits, memoryBytes: 64 * 1024 * 1024 });
    const count = 131_000;
    for (let n = 0; n < count; n += 1) log.append("stdout", new Uint8Array(352));
    for (const maxBytes of [null, 44 * 1024 * 1024]) {
      const { chunks } = log.read(0, maxBytes);
      const answer = JSON.stringify({
        chunks: chunks.map((chunk) => ({ ...chunk, bytes: undefined, chunk: encodeBase64(chunk.bytes) })),
      });
      expect(answer.length).toBeGreaterThan(56 * 1024 * 1024);
      expect(answer.length).toBeLessThan(60 * 1024 * 1024);
      expect((maxBytes === null ? chunks.at(-1) : chunks[0])?.seq).toBe(maxBytes === null ? count : 1);
    }
  });

  it("keeps its newest chunk even when that alone is more than the budget", () => {
    const log = new OutputLog({ ...defaultOutputLogLimits, memoryBytes: 10, retainedChunks: 5 });
    log.append("stdout", new Uint8Array(3));
    log.append("stdout", new Uint8Array(1_000));
    expect(log.read(0, null).chunks.map(({ seq }) => seq)).toEqual([2]);
    expect(log.retainedBytes).toBe(1_000);
  });

  it("with the reference's budget of a megabyte it keeps whole chunks only (02 P-31)", () => {
    verifies("02 P-31");
    const log = new OutputLog({ ...defaultOutputLogLimits, memoryBytes: 1024 * 1024 });
    for (let n = 0; n < 366; n += 1) log.append("stdout", new Uint8Array(8_192));
    log.append("stdout", new Uint8Array(1_728));
    const { chunks } = log.read(0, null);
    expect(chunks).toHaveLength(128);
    expect(chunks[0]?.seq).toBe(240);
    expect(log.retainedBytes).toBe(1_042_112);
  });

  it("keeps a bounded number of chunks, however small (02 S-8)", () => {
    const log = new OutputLog();
    for (let n = 0; n < 200_000; n += 1) log.append("pty", Uint8Array.of(1));
    expect(log.read(0, null).chunks).toHaveLength(131_072);
    expect(log.read(0, null).nextSeq).toBe(200_001);
  });

  it("reads without consuming (02 P-33)", () => {
    verifies("02 P-33");
    const log = new OutputLog();
    log.append("stdout", Uint8Array.of(1));
    expect(log.read(0, null)).toEqual(log.read(0, null));
  });
});

/** The same, as simple as can be. */
class ArrayLog {
  chunks: { seq: number; stream: OutputStream; bytes: Uint8Array }[] = [];
  nextSeq = 1;
  readonly #limits: OutputLogLimits;

  constructor(limits: OutputLogLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  append(from: OutputStream, bytes: Uint8Array): number {
    this.chunks.push({ seq: this.nextSeq, stream: from, bytes });
    const { memoryBytes, retainedChunks } = this.#limits;
    while (this.chunks.length > 1 && (this.bytes > memoryBytes || this.chunks.length > retainedChunks)) {
      this.chunks = this.chunks.slice(1);
    }
    return this.nextSeq++;
  }

  read(afterSeq: number, maxBytes: number | null) {
    const after = this.chunks.filter(({ seq }) => seq > afterSeq);
    if (maxBytes === null) return { chunks: after, nextSeq: this.nextSeq };
    const chunks = after.filter((_, index) => {
      const before = after.slice(0, index).reduce((sum, { bytes }) => sum + bytes.length, 0);
      return index === 0 || (before < maxBytes && before + (after[index]?.bytes.length ?? 0) <= maxBytes);
    });
    // "While the total stays": what comes behind the first that does not fit is not looked at.
    const gap = after.findIndex((chunk) => !chunks.includes(chunk));
    const taken = gap < 0 ? chunks : after.slice(0, gap);
    return { chunks: taken, nextSeq: (taken.at(-1)?.seq ?? this.nextSeq - 1) + 1 };
  }
}
