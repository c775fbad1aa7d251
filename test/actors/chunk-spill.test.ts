import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkSpill, type SpilledChunk } from "../../src/actors/chunk-spill.ts";
import { SpillBudget } from "../../src/actors/spill-budget.ts";
import { CountingSpillStore } from "./counting-spill-store.ts";

const MIB = 1024 * 1024;

function spillOf(limitBytes: number) {
  const store = new CountingSpillStore();
  const budget = new SpillBudget(limitBytes);
  return { store, budget, spill: new ChunkSpill(store, budget) };
}

function put(spill: ChunkSpill, bytes: Uint8Array): SpilledChunk {
  const place = spill.put(bytes);
  if (place === null) throw new Error("the spill took nothing");
  return place;
}

describe("the spilled part of an output log", () => {
  it("gives back what was put away, keeps within its budget, and leaks nothing, whatever the order (03 D-2)", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant("put" as const), size: fc.integer({ min: 1, max: 60 }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("drop oldest" as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("read" as const), which: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("break" as const, "mend" as const) }) },
    );
    fc.assert(
      fc.property(fc.nat(500), fc.array(step, { maxLength: 120 }), (limitBytes, steps) => {
        const { store, budget, spill } = spillOf(limitBytes);
        const kept: { place: SpilledChunk; bytes: Uint8Array }[] = [];
        for (const [index, what] of steps.entries()) {
          if (what.do === "put") {
            const bytes = new Uint8Array(what.size).fill(index);
            const place = spill.put(bytes);
            if (place !== null) kept.push({ place, bytes });
            else expect(store.failing !== null || budget.usedBytes + what.size > limitBytes).toBe(true);
          } else if (what.do === "drop oldest") {
            const oldest = kept.shift();
            if (oldest !== undefined) spill.drop(oldest.place);
          } else if (what.do === "read") {
            const one = kept[what.which % Math.max(1, kept.length)];
            if (one !== undefined) expect(spill.get(one.place, one.bytes.length)).toEqual(one.bytes);
          } else store.failing = what.do === "break" ? (index % 2 === 0 ? "create" : "append") : null;
          expect(budget.usedBytes).toBe(store.bytes);
          expect(budget.usedBytes).toBeLessThanOrEqual(limitBytes);
          if (kept.length === 0) expect(budget.usedBytes).toBe(0);
        }
        for (const { place } of kept) spill.drop(place);
        spill.close();
        expect({ files: store.open.size, used: budget.usedBytes }).toEqual({ files: 0, used: 0 });
      }),
      { numRuns: 300 },
    );
  });

  it("lies in files of 16 MiB, each of which goes away with the last of its chunks", () => {
    const { store, budget, spill } = spillOf(64 * MIB);
    const places = Array.from({ length: 40 }, () => put(spill, new Uint8Array(MIB)));
    expect([...store.open.values()]).toEqual([16 * MIB, 16 * MIB, 8 * MIB]);
    for (const place of places.slice(0, 15)) spill.drop(place);
    expect(budget.usedBytes).toBe(40 * MIB);
    for (const place of places.slice(15, 16)) spill.drop(place);
    expect(budget.usedBytes).toBe(24 * MIB);
    for (const place of places.slice(16)) spill.drop(place);
    expect({ files: store.open.size, used: budget.usedBytes }).toEqual({ files: 0, used: 0 });
  });

  it("can be filled again once everything was dropped, though its budget is less than a file", () => {
    const { spill } = spillOf(10);
    for (let round = 0; round < 5; round += 1) {
      const place = put(spill, new Uint8Array(10));
      expect(spill.put(new Uint8Array(1))).toBeNull();
      spill.drop(place);
    }
  });

  it.each(["create", "append"] as const)("a disk that fails (%s) is as good as one that is full", (failing) => {
    const { store, budget, spill } = spillOf(100);
    store.failing = failing;
    expect(spill.put(new Uint8Array(10))).toBeNull();
    expect(budget.usedBytes).toBe(0);
    store.failing = null;
    expect(spill.get(put(spill, Uint8Array.of(1, 2, 3)), 3)).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe("a spill budget", () => {
  it("takes from its executor's too, or from neither", () => {
    const all = new SpillBudget(100);
    const [one, other] = [new SpillBudget(80, all), new SpillBudget(80, all)];
    expect(one.take(81)).toBe(false);
    expect(one.take(80)).toBe(true);
    expect(other.take(21)).toBe(false);
    expect({ one: one.usedBytes, other: other.usedBytes, all: all.usedBytes }).toEqual({ one: 80, other: 0, all: 80 });
    expect(other.take(20)).toBe(true);
    one.give(80);
    expect({ one: one.usedBytes, other: other.usedBytes, all: all.usedBytes }).toEqual({ one: 0, other: 20, all: 20 });
  });
});
