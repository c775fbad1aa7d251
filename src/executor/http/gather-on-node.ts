import { systemClock } from "../../ports/clock.ts";
import type { Gathering } from "./body-queue.ts";

/** Two steps: the first ends the present turn of the event loop, and only in the one after that are sockets read again. */
export const gatherOnNode: Gathering = {
  clock: systemClock,
  turn: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))),
};
