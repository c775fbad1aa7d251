import type { Child, ChildListener, ChildStarter } from "../ports/process-host.ts";

/** What a child that its executor took along comes to, as if SIGKILL had ended it (03 D-8). */
const lostExitCode = 137;

/**
 * A host with one child that died before: as soon as it is there it has exited, and its streams have ended. So a process that
 * an earlier executor has left goes through the same states as any other.
 *
 * @param exitCode what the earlier executor saw of its end, if it did
 */
export function departedChild(exitCode: number | null): ChildStarter {
  return {
    spawn(_spec, listener) {
      const spawning = Promise.resolve(departed);
      // One turn later than whoever waits for the spawn, since a child says nothing before that.
      void spawning.then(() => undefined).then(() => depart(listener, exitCode ?? lostExitCode));
      return spawning;
    },
  };
}

function depart(listener: ChildListener, exitCode: number): void {
  listener.exited({ exitCode, usage: null });
  listener.ended("stdout");
  listener.ended("stderr");
}

/** Nothing reaches it any more. */
const departed: Child = {
  pid: 0, // what the kernel never gives to a process
  write: () => Promise.reject(new Error("the child is dead")),
  endInput: () => undefined,
  resize: () => undefined,
  signal: () => undefined,
  pauseOutput: () => undefined,
  resumeOutput: () => undefined,
  release: () => undefined,
};
