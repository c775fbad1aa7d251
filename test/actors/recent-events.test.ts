import fc from "fast-check";
import { expect, it } from "vitest";
import type { RemoteEvent } from "../../src/actors/event-order.ts";
import { RecentEvents, recentEventsLimits } from "../../src/actors/recent-events.ts";

const output = (seq: number, size: number): RemoteEvent => ({
  type: "output",
  seq,
  stream: "pty",
  bytes: new Uint8Array(size),
});

it("keeps the longest suffix that fits its bounds (03 I-5)", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(100), fc.nat(400_000)), { maxLength: 60 }), (sizes) => {
      const recent = new RecentEvents();
      const all = sizes.map((size, index) => output(index + 1, size));
      for (const event of all) recent.add(event);
      const kept = [...recent];
      const bytesFrom = (start: number) => sizes.slice(start).reduce((sum, size) => sum + size, 0);
      const first = all.length - kept.length;
      expect(kept).toEqual(all.slice(first));
      expect(bytesFrom(first)).toBeLessThanOrEqual(recentEventsLimits.bytes);
      if (first > 0) expect(bytesFrom(first - 1)).toBeGreaterThan(recentEventsLimits.bytes);
    }),
  );
});

it("keeps at most 4096 events, however small", () => {
  const recent = new RecentEvents();
  for (let seq = 1; seq <= 5_000; seq += 1) recent.add(output(seq, 0));
  const kept = [...recent];
  expect(kept).toHaveLength(recentEventsLimits.events);
  expect(kept.at(-1)?.seq).toBe(5_000);
});

it("an iteration that is under way does not see what is added meanwhile", () => {
  const recent = new RecentEvents();
  recent.add(output(1, 1));
  const seen: number[] = [];
  for (const { seq } of recent) {
    seen.push(seq);
    if (seen.length < 3) recent.add(output(2, 1));
  }
  expect(seen).toEqual([1]);
});
