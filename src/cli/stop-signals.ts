import { systemClock } from "../ports/clock.ts";
import { ownFailure } from "./exit-codes.ts";

/** Two Ctrl-C within this time mean it. */
const insistMs = 2_000;

/** What the user can ask of a running command. */
export interface Stoppable {
  /** Ctrl-C. */
  interrupt(): void;
  /** Ctrl-C twice, SIGTERM, or the terminal went away. */
  terminate(): void;
}

/**
 * Turns the signals that this program gets into what they ask of the command, until it is disposed of. Whoever asks again
 * after the command was told to end does not wait for an executor that may never answer.
 */
export function stopSignals(command: Stoppable): Disposable {
  let interruptedAtMs = Number.NEGATIVE_INFINITY;
  let terminated = false;
  const terminate = () => {
    if (terminated) {
      process.stderr.write("proctor: no answer from the executor; the command may still be running there\n");
      process.exit(ownFailure);
    }
    terminated = true;
    command.terminate();
  };
  const interrupt = () => {
    const nowMs = systemClock.now();
    if (terminated || nowMs - interruptedAtMs < insistMs) return terminate();
    interruptedAtMs = nowMs;
    command.interrupt();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", terminate).on("SIGHUP", terminate);
  return {
    [Symbol.dispose]: () => void process.off("SIGINT", interrupt).off("SIGTERM", terminate).off("SIGHUP", terminate),
  };
}
