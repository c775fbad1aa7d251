import { BrokenStdinError } from "../../ports/process-host.ts";

/** Our side of a child's stdin. */
export interface ChildInput {
  /** Resolves when the kernel took all of it; rejects with a {@link BrokenStdinError}. Calls keep their order. */
  write(bytes: Uint8Array): Promise<void>;
  /** No more comes; what was written before still arrives. */
  end(): void;
  /** The child has exited: find out whether anybody is left to read. */
  childExited(): void;
  /** Closes it; what waits is rejected. */
  close(): void;
}

/** The stdin of a child that has none. */
export const noInput: ChildInput = {
  write: () => Promise.reject(new BrokenStdinError("the child was started without stdin", { effect: "notApplied" })),
  end: () => undefined,
  childExited: () => undefined,
  close: () => undefined,
};
