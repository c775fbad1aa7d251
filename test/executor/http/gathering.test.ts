import { expect, it } from "vitest";
import { BodyQueue, gathering } from "../../../src/executor/http/body-queue.ts";
import { verifies } from "../../rules/verifies.ts";
import { VirtualClock } from "../../virtual-clock.ts";

/** A queue whose source sends one more piece in each turn of the event loop, and whose turns the test has counted. */
function queueOf(pieces: readonly string[], turnMs = 0) {
  const clock = new VirtualClock();
  const left = [...pieces];
  const seen = { turns: 0 };
  const sendNext = () => {
    const piece = left.shift();
    if (piece !== undefined) queue.push(Buffer.from(piece));
  };
  const turn = async () => {
    seen.turns += 1;
    clock.advance(turnMs);
    sendNext();
  };
  const source = { pause: () => undefined, resume: () => undefined, abandon: () => undefined };
  const queue = new BodyQueue(source, { clock, turn });
  return { queue, seen, sendNext };
}

const text = ({ value }: IteratorResult<Uint8Array>) => Buffer.from(value ?? []).toString();

it("puts small pieces together while more of them come (06 H-46a)", async () => {
  verifies("06 H-46a");
  const { queue, sendNext } = queueOf(["a", "b", "c"]);
  const next = queue.next();
  sendNext();
  expect(text(await next)).toBe("abc");
});

it("gives a piece that nothing follows after one turn (06 H-46a)", async () => {
  verifies("06 H-46a");
  const { queue, seen, sendNext } = queueOf(["event"]);
  const next = queue.next();
  sendNext();
  expect(text(await next)).toBe("event");
  expect(seen.turns).toBe(1);
});

it("waits two milliseconds at most (06 H-46a)", async () => {
  verifies("06 H-46a");
  const { queue, sendNext } = queueOf(["a", "b", "c", "d", "e"], gathering.ms / 2);
  const next = queue.next();
  sendNext();
  expect(text(await next)).toBe("abc");
});

it("does not wait with a piece that is long enough, nor when it has become so (06 H-46a)", async () => {
  verifies("06 H-46a");
  const half = "x".repeat(gathering.bytes / 2);
  const long = queueOf([half + half, "more"]);
  const first = long.queue.next();
  long.sendNext();
  expect(text(await first)).toHaveLength(gathering.bytes);
  expect(long.seen.turns).toBe(0);
  const growing = queueOf([half, half, "more"]);
  const both = growing.queue.next();
  growing.sendNext();
  expect(text(await both)).toHaveLength(gathering.bytes);
});

it("an end, a failure and a reader that leaves are not waited out", async () => {
  const ended = queueOf(["last"]);
  const last = ended.queue.next();
  ended.sendNext();
  ended.queue.finish();
  expect(text(await last)).toBe("last");
  expect(ended.seen.turns).toBe(0);
  expect((await ended.queue.next()).done).toBe(true);
  const aborted = queueOf(["lost", "lost"]);
  const lost = aborted.queue.next();
  aborted.sendNext();
  aborted.queue.abort(new Error("enough"));
  await expect(lost).rejects.toThrow("enough");
});
