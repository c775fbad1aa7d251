import { errnoName } from "./os-error.ts";

/** What became of a signal. */
export type Delivery = "sent" | "gone" | "refused";

/** Signals a process, or a group by its negative number; 0 only asks. */
export function send(target: number, signal: NodeJS.Signals | 0): Delivery {
  try {
    process.kill(target, signal);
    return "sent";
  } catch (error) {
    const name = errnoName(error);
    if (name === "ESRCH") return "gone";
    // macOS refuses a group of zombies where Linux accepts it.
    if (name === "EPERM") return process.platform === "darwin" && target < 0 ? "gone" : "refused";
    throw error;
  }
}
