import { expect, test } from "vitest";
import { OnDemand } from "../../src/actors/on-demand.ts";

/** A part that counts how often it was made and how often it heard of the end. */
function counted() {
  const counts = { made: 0, ended: 0 };
  const part = {
    connectionEnded: () => {
      counts.ended += 1;
    },
  };
  const onDemand = new OnDemand(() => {
    counts.made += 1;
    return part;
  });
  return { counts, part, onDemand };
}

test("a part is made once, when it is first asked for, and hears of the end", () => {
  const { counts, part, onDemand } = counted();
  expect(onDemand.made).toBeNull();
  expect(counts.made).toBe(0);
  expect(onDemand.part).toBe(part);
  expect(onDemand.part).toBe(part);
  expect(onDemand.made).toBe(part);
  onDemand.connectionEnded();
  expect(counts).toEqual({ made: 1, ended: 1 });
});

test("one that nobody asks for is not made for the end; one that is asked for later has ended", () => {
  const { counts, onDemand } = counted();
  onDemand.connectionEnded();
  expect(counts).toEqual({ made: 0, ended: 0 });
  expect(onDemand.part).toBeDefined();
  expect(counts).toEqual({ made: 1, ended: 1 });
});
