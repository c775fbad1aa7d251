import { JournalError } from "../../ports/journal-store.ts";

/** Does something with a file of the journal. @throws JournalError naming the file, when the system refuses. */
export function attemptOn<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof JournalError) throw cause;
    throw new JournalError(`the journal fails at ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
