import { closeSync, constants, openSync } from "node:fs";
import { SandboxRefusedError } from "../../ports/process-host.ts";
import { openPlace } from "./held-directory.ts";
import type { PlanArgument } from "./mount-plan.ts";
import { unlinkedFile } from "./unlinked-file.ts";

/** bubblewrap accepts no more. */
const mostWords = 9_000;

/** Descriptors that are opened for one start, keep their numbers in the child, and are closed here after it. */
export class StartDescriptors implements Disposable {
  readonly #fds: number[] = [];

  get all(): readonly number[] {
    return this.#fds;
  }

  /** From now on it is closed with the others. */
  add(fd: number): number {
    this.#fds.push(fd);
    return fd;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds.splice(0)) closeSync(fd);
  }
}

/**
 * Puts an argument list where no process listing shows it, and opens what it speaks of (05 SB-L11, SB-L12, SB-L14).
 * @returns the descriptor that bubblewrap reads its options from
 */
export function writeArguments(words: readonly PlanArgument[], descriptors: StartDescriptors): number {
  if (words.length > mostWords) {
    throw new SandboxRefusedError(
      `this sandbox needs ${words.length} words of options, and no more than ${mostWords} are possible`,
    );
  }
  const spelled = words.map((word) => {
    if ("text" in word) return word.text;
    if ("emptyFile" in word) return String(descriptors.add(openSync("/dev/null", constants.O_RDONLY)));
    return String(descriptors.add(openPlace(word.opened, word.isDirectory)));
  });
  return descriptors.add(unlinkedFile(Buffer.from(spelled.map((word) => `${word}\0`).join(""), "utf8")));
}
