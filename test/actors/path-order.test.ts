import fc from "fast-check";
import { expect, test } from "vitest";
import { PathOrder } from "../../src/actors/path-order.ts";

const reads = { mutates: false };
const mutates = { mutates: true };

/** An operation that begins when its turn comes and ends when told. */
function held(order: PathOrder, paths: string[], use: { mutates: boolean; signal?: AbortSignal }) {
  const end = Promise.withResolvers<void>();
  const operation = { begun: false, finish: () => end.resolve(), fail: (error: Error) => end.reject(error) };
  const done = order.run(paths, use, () => {
    operation.begun = true;
    return end.promise;
  });
  return Object.assign(operation, { done });
}

test("an operation that nothing stands in the way of begins at once", () => {
  const order = new PathOrder();
  expect(held(order, ["/a"], mutates).begun).toBe(true);
  expect(held(order, ["/b"], mutates).begun).toBe(true);
});

test("the result is that of the operation, and so is the failure", async () => {
  const order = new PathOrder();
  expect(await order.run(["/a"], mutates, () => 7)).toBe(7);
  await expect(order.run(["/a"], mutates, () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
});

test.each([
  ["/a", "/a"],
  ["/a/", "/a"],
  ["/a/b/c", "/a"],
  ["/a", "/a/b/c"],
  ["/", "/a"],
  ["C:\\a", "C:\\a\\b"],
])("a mutation of %s holds up whatever is done to %s", async (first, second) => {
  const order = new PathOrder();
  const mutation = held(order, [first], mutates);
  const read = held(order, [second], reads);
  expect(read.begun).toBe(false);
  mutation.finish();
  await mutation.done;
  await expect.poll(() => read.begun).toBe(true);
});

test.each([
  ["/a", "/ab"],
  ["/a/b", "/a/c"],
])("%s and %s have nothing to do with each other", (first, second) => {
  const order = new PathOrder();
  held(order, [first], mutates);
  expect(held(order, [second], mutates).begun).toBe(true);
});

test("a name that is text and one that is bytes are compared by their bytes", () => {
  const order = new PathOrder();
  void order.run([Buffer.from("/ä")], mutates, () => new Promise(() => {}));
  expect(held(order, ["/ä/x"], reads).begun).toBe(false);
});

test("reads run together, and a mutation waits for all of them", async () => {
  const order = new PathOrder();
  const first = held(order, ["/a"], reads);
  const second = held(order, ["/a/b"], reads);
  const mutation = held(order, ["/a"], mutates);
  const late = held(order, ["/a"], reads);
  expect([first.begun, second.begun, mutation.begun, late.begun]).toEqual([true, true, false, false]);
  first.finish();
  await first.done;
  expect(mutation.begun).toBe(false);
  second.finish();
  await expect.poll(() => mutation.begun).toBe(true);
  expect(late.begun).toBe(false);
  mutation.finish();
  await expect.poll(() => late.begun).toBe(true);
});

test("an operation that failed lets the next one begin", async () => {
  const order = new PathOrder();
  const failing = held(order, ["/a"], mutates);
  const next = held(order, ["/a"], mutates);
  failing.fail(new Error("disk full"));
  await expect(failing.done).rejects.toThrow("disk full");
  await expect.poll(() => next.begun).toBe(true);
});

test("an operation whose signal fires while it waits is discarded, and those behind it go on", async () => {
  const order = new PathOrder();
  const abort = new AbortController();
  const running = held(order, ["/a"], { mutates: true, signal: abort.signal });
  const waiting = held(order, ["/a", "/b"], { mutates: true, signal: abort.signal });
  const behind = held(order, ["/b"], mutates);
  expect(behind.begun).toBe(false);
  abort.abort(new Error("connection gone"));
  await expect(waiting.done).rejects.toThrow("connection gone");
  expect(waiting.begun).toBe(false);
  await expect.poll(() => behind.begun).toBe(true);
  running.finish(); // what had begun goes on to its end
  await expect(running.done).resolves.toBeUndefined();
});

test("nothing begins under a signal that has fired", async () => {
  const operation = held(new PathOrder(), ["/a"], { mutates: true, signal: AbortSignal.abort(new Error("gone")) });
  await expect(operation.done).rejects.toThrow("gone");
  expect(operation.begun).toBe(false);
});

const path = fc.constantFrom("/", "/a", "/a/b", "/a/b/c", "/a/bc", "/d", "/d/e");
const operations = fc.array(
  fc.record({ paths: fc.array(path, { minLength: 1, maxLength: 2 }), mutates: fc.boolean(), fails: fc.boolean() }),
  { minLength: 1, maxLength: 12 },
);

function isAtOrBelow(child: string, parent: string): boolean {
  return child === parent || parent === "/" || child.startsWith(`${parent}/`);
}

type Planned = { paths: string[]; mutates: boolean };

function conflict(a: Planned, b: Planned): boolean {
  if (!a.mutates && !b.mutates) return false;
  return a.paths.some((x) => b.paths.some((y) => isAtOrBelow(x, y) || isAtOrBelow(y, x)));
}

test("under every schedule conflicting operations keep their order and never overlap, and all of them end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), operations, async (scheduler, planned) => {
      const order = new PathOrder();
      const running = new Set<number>();
      const begun: number[] = [];
      const all = planned.map((operation, index) =>
        order.run(operation.paths, operation, async () => {
          for (const other of running) expect(conflict(operation, planned[other]!)).toBe(false);
          running.add(index);
          begun.push(index);
          await scheduler.schedule(Promise.resolve(), `end ${index}`);
          running.delete(index);
          if (operation.fails) throw new Error(`operation ${index}`);
        }),
      );
      await scheduler.waitFor(Promise.allSettled(all));
      expect([...begun].sort((a, b) => a - b)).toEqual(planned.map((_, index) => index));
      for (const [at, later] of begun.entries()) {
        for (const earlier of begun.slice(at + 1)) {
          if (earlier < later) expect(conflict(planned[earlier]!, planned[later]!)).toBe(false);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("operations without a conflict all run at the same time", () => {
  fc.assert(
    fc.property(operations, (planned) => {
      const order = new PathOrder();
      const started = planned.map((operation) => held(order, operation.paths, operation));
      for (const [index, operation] of planned.entries()) {
        const isFree = !planned.slice(0, index).some((earlier) => conflict(earlier, operation));
        expect(started[index]?.begun).toBe(isFree);
      }
    }),
  );
});
