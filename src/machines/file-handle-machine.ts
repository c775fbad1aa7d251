import { setup } from "xstate";
import { unprovided } from "./unprovided.ts";

/** What can happen to a file that is open. */
export type FileHandleEvent =
  | { readonly type: "close" }
  | { readonly type: "connection.ended" }
  | { readonly type: "read.failed" };

/** What differs from handle to handle. */
export interface FileHandleInput {
  /** The client's name for it (04 F-42). */
  readonly handleId: string;
}

/**
 * One file that a connection holds open to read or write it in blocks (04 section 10.9). It is Open from the moment its id is taken,
 * and lets its descriptor go when the client is Done with it, when the connection ends, or when a read has Failed.
 */
export const fileHandleMachine = setup({
  types: {} as { context: FileHandleInput; input: FileHandleInput; events: FileHandleEvent; tags: "open" },
  actions: {
    /** Gives the id free and closes the descriptor, after what is under way. */
    release: unprovided("release"),
  },
}).createMachine({
  id: "fileHandle",
  context: ({ input }) => input,
  initial: "Open",
  states: {
    Open: { tags: "open", on: { close: "Done", "connection.ended": "Done", "read.failed": "Failed" } },
    Done: { type: "final", entry: "release" },
    Failed: { type: "final", entry: "release" },
  },
});
