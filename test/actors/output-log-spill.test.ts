import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkSpill } from "../../src/actors/chunk-spill.ts";
import { defaultOutputLogLimits, type LoggedChunk, OutputLog } from "../../src/actors/output-log.ts";
import { SpillBudget } from "../../src/actors/spill-budget.ts";
import { CountingSpillStore } from "./counting-spill-store.ts";

/** How many numbers stay below what was asked for: a client may ask again (03 D-2). */
const slack = 64;

interface Bounds {
  readonly memoryBytes: number;
  readonly spillBytes: number;
  readonly retainedChunks?: number;
  readonly answerBytes?: number;
  readonly whenFull: "block" | "newest";
}

/** A log with a disk, and beside it everything that was ever appended to it. */
class Observed {
  readonly store = new CountingSpillStore();
  readonly budget: SpillBudget;
  readonly log: OutputLog;
  readonly all: LoggedChunk[] = [];
  /** Chunks with a greater number may be missing on the other side. */
  missingAfter: number | null = null;
  /** Everything up to this number may be gone. */
  #maybeGone = 0;

  constructor({ spillBytes, retainedChunks = 1_000, answerBytes = 1_000_000, ...bounds }: Bounds) {
    this.budget = new SpillBudget(spillBytes);
    const limits = { ...bounds, retainedChunks, answerBytes };
    this.log = new OutputLog(limits, new ChunkSpill(this.store, this.budget));
  }

  get memoryBytes(): number {
    // What lies on disk is at least what the log counts there; the rest of its count is in memory.
    return this.log.retainedBytes - this.budget.usedBytes;
  }

  append(size: number): void {
    const bytes = new Uint8Array(size).fill(this.all.length);
    const seq = this.log.append("stdout", bytes.slice());
    this.all.push({ seq, stream: "stdout", bytes });
    this.#noteSafe();
  }

  detach(): void {
    this.log.keepAll();
    this.missingAfter ??= this.#maybeGone;
  }

  /** Reads, and holds the answer to what must and may be in it. */
  read(afterSeq: number, maxBytes: number | null): readonly LoggedChunk[] {
    this.#noteRead(afterSeq);
    const { chunks, nextSeq } = this.log.read(afterSeq, maxBytes);
    const first = chunks[0]?.seq;
    const wanted = this.all.filter(({ seq }) => seq > afterSeq);
    const from = wanted.findIndex(({ seq }) => seq === first);
    if (first === undefined) expect(wanted.every(({ seq }) => seq <= this.#maybeGone)).toBe(true);
    else {
      // Numbers are without holes from the first on, and only what is safe can be missing before it.
      expect(chunks).toEqual(wanted.slice(from, from + chunks.length));
      expect(wanted.slice(0, from).every(({ seq }) => seq <= this.#maybeGone)).toBe(true);
    }
    if (maxBytes === null) expect(nextSeq).toBe(this.log.nextSeq);
    else expect(nextSeq).toBe((chunks.at(-1)?.seq ?? this.log.nextSeq - 1) + 1);
    if (chunks.at(-1)?.seq === this.all.at(-1)?.seq) this.#noteRead(Number.POSITIVE_INFINITY);
    return chunks;
  }

  /** What the other side has can go; without an outage that is everything. */
  #noteRead(seq: number): void {
    if (this.missingAfter === null) return;
    if (seq >= this.log.nextSeq - 1) this.missingAfter = null;
    else this.missingAfter = Math.max(this.missingAfter, seq - slack);
    this.#noteSafe();
  }

  #noteSafe(): void {
    this.#maybeGone = Math.max(this.#maybeGone, this.missingAfter ?? this.log.nextSeq - 1);
  }
}

describe("an output log with a disk", () => {
  it("with `block` loses nothing that the client may have missed, within its bounds, whatever happens (03 D-2)", () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant("append" as const), size: fc.integer({ min: 1, max: 50 }) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("detach" as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("page" as const), maxBytes: fc.nat(300) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant("reread" as const), back: fc.nat(80), maxBytes: fc.nat(300) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("break" as const, "mend" as const) }) },
    );
    const bounds = fc.record({ memoryBytes: fc.integer({ min: 50, max: 300 }), spillBytes: fc.nat(1_500) });
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 300 }), ({ memoryBytes, spillBytes }, steps) => {
        const observed = new Observed({ memoryBytes, spillBytes, whenFull: "block" });
        const { log, budget, store } = observed;
        let position = 0;
        const page = (afterSeq: number, maxBytes: number) => {
          position = Math.max(position, observed.read(afterSeq, maxBytes).at(-1)?.seq ?? 0);
        };
        for (const what of steps) {
          // As a process does: nothing is read from the child while the log is full.
          if (what.do === "append" && !log.isFull) observed.append(what.size);
          if (what.do === "detach") {
            if (observed.missingAfter === null) position = 0;
            observed.detach();
          }
          if (what.do === "page") page(position, what.maxBytes);
          if (what.do === "reread") page(Math.max(0, position - what.back), what.maxBytes);
          if (what.do === "break") store.failing = "append";
          if (what.do === "mend") store.failing = null;
          expect(budget.usedBytes).toBe(store.bytes);
          expect(budget.usedBytes).toBeLessThanOrEqual(spillBytes);
          if (observed.missingAfter === null) expect(log.isFull).toBe(false);
          expect(observed.memoryBytes).toBeLessThanOrEqual(memoryBytes + 50); // with the chunk that filled it
        }
        log.close();
        expect({ kept: log.retainedBytes, used: budget.usedBytes, files: store.open.size }).toEqual({
          kept: 0,
          used: 0,
          files: 0,
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it("with `newest` never holds the child back: the oldest go, on disk first", () => {
    const observed = new Observed({ memoryBytes: 100, spillBytes: 200, whenFull: "newest" });
    observed.detach();
    for (let n = 0; n < 30; n += 1) {
      observed.append(10);
      expect(observed.log.isFull).toBe(false);
    }
    expect(observed.log.read(0, null).chunks[0]?.seq).toBe(1);
    observed.detach();
    for (let n = 0; n < 300; n += 1) {
      observed.append(10);
      expect(observed.log.isFull).toBe(false);
      expect(observed.budget.usedBytes).toBeLessThanOrEqual(200);
    }
    const { chunks } = observed.log.read(0, null);
    expect(chunks.at(-1)?.seq).toBe(330);
    expect(chunks.map(({ seq }) => seq)).toEqual(chunks.map((_, index) => 331 - chunks.length + index));
    expect(chunks.length).toBeGreaterThanOrEqual(10);
    expect(chunks.length).toBeLessThanOrEqual(30);
  });

  it("with `newest` goes on using the disk after the oldest have gone", () => {
    const observed = new Observed({ memoryBytes: 100, spillBytes: 200, whenFull: "newest" });
    observed.detach();
    let rounds = 0;
    for (let n = 0; n < 300; n += 1) {
      const before = observed.budget.usedBytes;
      observed.append(10);
      if (before === 200 && observed.budget.usedBytes < 200) rounds += 1;
    }
    expect(rounds).toBeGreaterThan(5);
  });

  it("while a client listens nothing goes to disk", () => {
    const observed = new Observed({ memoryBytes: 100, spillBytes: 1_000, whenFull: "block" });
    for (let n = 0; n < 100; n += 1) observed.append(10);
    expect(observed.store.created).toBe(0);
    expect(observed.log.retainedBytes).toBe(100);
  });

  it("a detach keeps what was printed just before it as well: it may have been on its way", () => {
    const observed = new Observed({ memoryBytes: 100, spillBytes: 1_000, whenFull: "block" });
    for (let n = 0; n < 20; n += 1) observed.append(10);
    observed.log.keepAll();
    for (let n = 0; n < 20; n += 1) observed.append(10);
    expect(observed.log.read(0, 10_000).chunks.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 30 }, (_, index) => 11 + index),
    );
  });

  it("is full when memory and disk are, until a page was read that makes room, and keeps 64 numbers more", () => {
    const observed = new Observed({ memoryBytes: 1_000, spillBytes: 1_000, whenFull: "block" });
    const { log, budget } = observed;
    observed.detach();
    while (!log.isFull) observed.append(10);
    expect(observed.all).toHaveLength(201);
    // Reading what is on disk frees the disk when all of that is gone, and not before: 100 chunks and the slack.
    expect(observed.read(0, 1_000)).toHaveLength(100);
    expect(log.isFull).toBe(true);
    observed.read(100, 640);
    expect(log.isFull).toBe(true);
    expect(observed.read(37, 10)[0]?.seq).toBe(38);
    observed.read(164, 10);
    expect(budget.usedBytes).toBe(10); // the new oldest, for the one that had been too much
    expect(log.isFull).toBe(false);
    expect(observed.read(100, 10)[0]?.seq).toBe(101);
  });

  it("is full at its bound of chunks, too", () => {
    const observed = new Observed({ memoryBytes: 1_000, spillBytes: 1_000, retainedChunks: 100, whenFull: "block" });
    observed.detach();
    while (!observed.log.isFull) observed.append(1);
    expect(observed.all).toHaveLength(101);
    expect(observed.read(0, 50)).toHaveLength(50);
    observed.read(50, 51);
    expect(observed.log.isFull).toBe(false);
  });

  it("answers an unbounded read that would not fit one message with the newest part", () => {
    const observed = new Observed({ memoryBytes: 100, spillBytes: 1_000, answerBytes: 55, whenFull: "block" });
    observed.detach();
    for (let n = 0; n < 20; n += 1) observed.append(10);
    expect(observed.log.read(0, null).chunks.map(({ seq }) => seq)).toEqual([16, 17, 18, 19, 20]);
  });

  it("a page is never more than one message can carry, whatever is asked for", () => {
    const observed = new Observed({ memoryBytes: 100, spillBytes: 1_000, answerBytes: 55, whenFull: "block" });
    observed.detach();
    for (let n = 0; n < 20; n += 1) observed.append(10);
    expect(observed.read(0, Number.MAX_SAFE_INTEGER).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  it("a disk that fails holds the child back as one that is full does", () => {
    const observed = new Observed({ memoryBytes: 100, spillBytes: 1_000, whenFull: "block" });
    observed.store.failing = "create";
    observed.detach();
    while (!observed.log.isFull) observed.append(10);
    expect(observed.all).toHaveLength(11);
    expect(observed.read(0, 1_000)).toHaveLength(11);
    expect(observed.log.isFull).toBe(false);
  });

  it("gives the memory of what goes back at once, and leaves alone what is part of a larger buffer", () => {
    const { log } = new Observed({ memoryBytes: 10, spillBytes: 0, whenFull: "newest" });
    const whole = new Uint8Array(10).fill(1);
    const shared = new Uint8Array(20).fill(2);
    log.append("stdout", whole);
    log.append("stdout", shared.subarray(10));
    log.append("stdout", new Uint8Array(10));
    expect(whole.buffer.detached).toBe(true);
    expect(shared).toEqual(new Uint8Array(20).fill(2));
  });

  it("what was read to the end is there until the next append, though it is more than memory may keep", () => {
    const { log } = new Observed({ memoryBytes: 10, spillBytes: 0, whenFull: "block" });
    log.keepAll();
    log.append("stdout", Uint8Array.of(1, 1, 1, 1, 1, 1));
    log.append("stdout", Uint8Array.of(2, 2, 2, 2, 2, 2));
    expect(log.isFull).toBe(true);
    const { chunks } = log.read(0, null);
    expect(log.isFull).toBe(false);
    expect(chunks.map(({ bytes }) => bytes[0])).toEqual([1, 2]);
    log.append("stdout", Uint8Array.of(3));
    expect(log.read(0, null).chunks.map(({ seq }) => seq)).toEqual([2, 3]);
  });

  it("takes nothing more to disk once it is closed", () => {
    const { log, budget, store } = new Observed({ memoryBytes: 10, spillBytes: 1_000, whenFull: "block" });
    log.keepAll();
    for (let n = 0; n < 10; n += 1) log.append("stdout", new Uint8Array(10));
    expect(store.open.size).toBe(1);
    log.close();
    for (let n = 0; n < 10; n += 1) log.append("stdout", new Uint8Array(10));
    expect({ files: store.open.size, used: budget.usedBytes }).toEqual({ files: 0, used: 0 });
  });

  it("keeps 16 MiB in memory unless told otherwise", () => {
    expect(defaultOutputLogLimits.memoryBytes).toBe(16 * 1024 * 1024);
  });
});
