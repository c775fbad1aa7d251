import { assign, setup } from "xstate";
import { unprovided } from "./unprovided.ts";

/** What can happen to a remote process. `published` events come in order, after reassembly (03 CL-34). */
export type RemoteProcessEvent =
  | { readonly type: "start.answered" }
  | { readonly type: "start.refused" }
  | { readonly type: "published.exit"; readonly exitCode: number }
  | { readonly type: "published.close" }
  | { readonly type: "gap"; readonly reason: string }
  | { readonly type: "link.ended"; readonly reason: string };

/** What differs from handle to handle. */
export interface RemoteProcessInput {
  readonly processId: string;
}

/** What the handle on a process remembers beside its state. */
export interface RemoteProcessContext extends RemoteProcessInput {
  readonly exitCode: number | null;
  /** Why the handle failed, or `null`. */
  readonly reason: string | null;
}

/**
 * The orchestrator's handle on one process (03 section 7.2). It follows the numbered events of the executor in their
 * order: exit, late output, close. A gap in the numbers or the end of the link fails this handle, and no other.
 */
export const remoteProcessMachine = setup({
  types: {} as {
    context: RemoteProcessContext;
    input: RemoteProcessInput;
    events: RemoteProcessEvent;
    tags: "starting" | "live" | "ended";
  },
  actions: {
    terminate: unprovided("terminate"),
    recordExit: assign((_, { exitCode }: { exitCode: number }) => ({ exitCode })),
    recordReason: assign((_, { reason }: { reason: string }) => ({ reason })),
  },
}).createMachine({
  id: "remoteProcess",
  context: ({ input }) => ({ ...input, exitCode: null, reason: null }),
  initial: "Starting",
  states: {
    Starting: {
      tags: "starting",
      on: {
        "start.answered": "Running",
        "start.refused": "Failed",
        // Events may overtake the answer to the start (01 W-43): too many of them to keep are a gap already.
        gap: { target: "Failed", actions: [{ type: "recordReason", params: ({ event }) => event }, "terminate"] },
        "link.ended": { target: "Failed", actions: { type: "recordReason", params: ({ event }) => event } },
      },
    },
    Running: {
      tags: "live",
      on: {
        "published.exit": {
          target: "Exited",
          actions: { type: "recordExit", params: ({ event }) => event },
        },
        // A correct executor never closes before the exit; one that does leaves the exit code unknown.
        "published.close": "Closed",
        gap: { target: "Failed", actions: [{ type: "recordReason", params: ({ event }) => event }, "terminate"] },
        "link.ended": { target: "Failed", actions: { type: "recordReason", params: ({ event }) => event } },
      },
    },
    Exited: {
      tags: "live",
      on: {
        "published.close": "Closed",
        gap: { target: "Failed", actions: [{ type: "recordReason", params: ({ event }) => event }, "terminate"] },
        "link.ended": { target: "Failed", actions: { type: "recordReason", params: ({ event }) => event } },
      },
    },
    Closed: { type: "final", tags: "ended" },
    Failed: { type: "final", tags: "ended" },
  },
});
