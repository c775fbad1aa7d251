import { assign, setup } from "xstate";
import { unprovided } from "./unprovided.ts";

/** What can happen to an observed process. `published` events come in order, after reassembly. */
export type ObservedProcessEvent =
  | { readonly type: "follow" }
  | { readonly type: "published.exit"; readonly exitCode: number }
  | { readonly type: "published.close" }
  | { readonly type: "lost"; readonly error: unknown };

/** What differs from process to process. */
export interface ObservedProcessInput {
  readonly processId: string;
}

/** What is remembered of it beside its state. */
export interface ObservedProcessContext extends ObservedProcessInput {
  readonly exitCode: number | null;
}

/**
 * A process as somebody sees it who observes the session of another (03 section 11). It is Unread until somebody looks:
 * then it is followed from its first retained event on, through exit and late output to the close. It has no orders to
 * give. Lost is one whose end cannot be known any more: the session or the observation was over first.
 */
export const observedProcessMachine = setup({
  types: {} as {
    context: ObservedProcessContext;
    input: ObservedProcessInput;
    events: ObservedProcessEvent;
    tags: "unread" | "followed" | "ended";
  },
  actions: {
    read: unprovided("read"),
    fail: unprovided<{ error: unknown }>("fail"),
    recordExit: assign((_, { exitCode }: { exitCode: number }) => ({ exitCode })),
  },
}).createMachine({
  id: "observedProcess",
  context: ({ input }) => ({ ...input, exitCode: null }),
  initial: "Unread",
  on: {
    lost: { target: ".Lost", actions: { type: "fail", params: ({ event }) => event } },
  },
  states: {
    Unread: {
      tags: "unread",
      on: {
        follow: { target: "Running", actions: "read" },
        // Nobody looked while it could be read, and its end is all that is known of it.
        "published.exit": { target: "Exited", actions: { type: "recordExit", params: ({ event }) => event } },
        "published.close": "Closed",
      },
    },
    Running: {
      tags: "followed",
      on: {
        "published.exit": { target: "Exited", actions: { type: "recordExit", params: ({ event }) => event } },
        "published.close": "Closed",
      },
    },
    Exited: { tags: "followed", on: { "published.close": "Closed" } },
    Closed: { type: "final", tags: "ended" },
    Lost: { type: "final", tags: "ended" },
  },
});
