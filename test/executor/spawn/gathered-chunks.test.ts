import fc from "fast-check";
import { expect, test } from "vitest";
import { GatheredChunks } from "../../../src/executor/spawn/gathered-chunks.ts";
import type { ChildListener } from "../../../src/ports/process-host.ts";
import { verifies } from "../../rules/verifies.ts";
import { VirtualClock } from "../../virtual-clock.ts";

function gathering() {
  const clock = new VirtualClock();
  const printed: Uint8Array[] = [];
  const listener = { output: (_, bytes) => void printed.push(bytes) } as ChildListener; // nothing else is called
  return { clock, printed, chunks: new GatheredChunks("pty", listener, clock) };
}

const full = new Uint8Array(4095).fill(1);

test("a line is passed on at once, also behind a flood", () => {
  const { clock, printed, chunks } = gathering();
  chunks.take(new Uint8Array([7]));
  expect(printed.map(({ length }) => length)).toEqual([1]);
  chunks.take(full);
  chunks.take(full);
  chunks.take(new Uint8Array([8]));
  expect(printed.map(({ length }) => length)).toEqual([1, 8191]);
  expect(clock.pending).toBe(0);
});

test("a flood becomes few chunks, none older than a millisecond", () => {
  const { clock, printed, chunks } = gathering();
  for (let n = 0; n < 40; n += 1) chunks.take(full);
  expect(printed.map(({ length }) => length)).toEqual([16 * 4095, 16 * 4095]);
  clock.advance(1);
  expect(printed.map(({ length }) => length)).toEqual([16 * 4095, 16 * 4095, 8 * 4095]);
});

test("every byte is passed on once, in order, in memory of its own", () => {
  verifies("02 S-9");
  const reads = fc.array(fc.oneof(fc.constant(4095), fc.integer({ min: 1, max: 70_000 })));
  fc.assert(
    fc.property(reads, (lengths) => {
      const { printed, chunks } = gathering();
      const buffer = new Uint8Array(70_000);
      const all = lengths.map((length, n) => {
        buffer.fill(n);
        chunks.take(buffer.subarray(0, length));
        return Buffer.alloc(length, n);
      });
      chunks.flush();
      chunks.flush();
      expect(Buffer.concat(printed).equals(Buffer.concat(all))).toBe(true);
      expect(printed.every(({ buffer, length }) => buffer.byteLength === length)).toBe(true);
    }),
    { numRuns: 40 },
  );
});
