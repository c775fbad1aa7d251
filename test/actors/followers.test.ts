import { expect, it } from "vitest";
import { Followers } from "../../src/actors/followers.ts";
import type { ProcessFollower, ProcessNotification } from "../../src/actors/process-follower.ts";
import { verifies } from "../rules/verifies.ts";

/** Counts what it hears. */
class CountingFollower implements ProcessFollower {
  readonly isAwaited: boolean;
  heard = 0;
  ends = 0;
  readonly #caughtUp: () => void;

  constructor(isAwaited = false, caughtUp = () => {}) {
    this.isAwaited = isAwaited;
    this.#caughtUp = caughtUp;
  }

  notified(): void {
    this.heard += 1;
  }

  async catchUp(): Promise<void> {
    this.#caughtUp();
  }

  linkEnded(): void {
    this.ends += 1;
  }
}

const closed: ProcessNotification = { method: "process/closed", params: { processId: "p", seq: 1 } };

it("removes only the follower that was to be removed, not a successor under the same id (03 I-26)", () => {
  verifies("03 I-26");
  const followers = new Followers();
  const [old, current] = [new CountingFollower(), new CountingFollower()];
  followers.add("p", old);
  followers.add("p", current);
  followers.remove("p", old);
  followers.notified(closed);
  expect([old.heard, current.heard]).toEqual([0, 1]);
  followers.remove("p", current);
  followers.notified(closed);
  expect(current.heard).toBe(1);
});

it("catches those up first for which somebody waits (03 D-9)", async () => {
  verifies("03 D-9");
  const order: string[] = [];
  const followers = new Followers();
  followers.add("idle", new CountingFollower(false, () => order.push("idle")));
  followers.add("awaited", new CountingFollower(true, () => order.push("awaited")));
  await followers.catchUp(() => Promise.reject(new Error("nothing is read here")));
  expect(order).toEqual(["awaited", "idle"]);
});
