import { assign, setup } from "xstate";
import { unprovided } from "./unprovided.ts";

/** What can happen to a helper. */
export type FileHelperEvent =
  | { readonly type: "helper.ready" }
  | { readonly type: "helper.exited" }
  | { readonly type: "use.began" }
  | { readonly type: "use.ended" }
  | { readonly type: "use.abandoned" }
  | { readonly type: "abandoned.ended" }
  | { readonly type: "retire" };

/** What differs from helper to helper. */
export interface FileHelperInput {
  /** What it is confined to; two with the same are the same (05 SB-F9). */
  readonly fingerprint: string;
  /** Is it kept for a while after its last use? Not one that occupies places of the host, which others see (05 SB-L13). */
  readonly isKept: boolean;
}

/** What is known of a helper. */
export interface FileHelperContext extends FileHelperInput {
  /** Operations that somebody waits for, and files that are open. */
  readonly uses: number;
  /** Operations that nobody waits for any more and that were not answered. */
  readonly abandoned: number;
}

/**
 * A process that does file operations in a sandbox for whoever asks under the same confinement (05 SB-F9). It is Starting until it
 * says that it is there; then Serving, Idle or Busy; Draining while an operation that nobody waits for any more may hang in it, so
 * that it takes no others; Ending when it is killed: without a use for a while, or at once where it is not kept, with its last use
 * abandoned (05 SB-F7), or for want of a place. It is Ended when the process is gone.
 */
export const fileHelperMachine = setup({
  types: {} as {
    context: FileHelperContext;
    input: FileHelperInput;
    events: FileHelperEvent;
    tags: "live" | "taking" | "idle";
  },
  actions: {
    countUse: assign(({ context }) => ({ uses: context.uses + 1 })),
    discountUse: assign(({ context }) => ({ uses: context.uses - 1 })),
    countAbandoned: assign(({ context }) => ({ uses: context.uses - 1, abandoned: context.abandoned + 1 })),
    discountAbandoned: assign(({ context }) => ({ abandoned: context.abandoned - 1 })),
    /** Lets calls go to the process that have waited for it. */
    open: unprovided("open"),
    /** Kills the process and all that is inside its sandbox. */
    kill: unprovided("kill"),
    /** Fails what is still asked of it, and gives its place free. */
    release: unprovided("release"),
    /** There may be a place for another helper now. */
    tellRoom: unprovided("tellRoom"),
  },
  guards: {
    isUsed: ({ context }) => context.uses > 0,
    isOnlyUse: ({ context }) => context.uses === 1,
    isLastUse: ({ context }) => context.uses === 1 && !context.isKept,
    isOnlyAbandoned: ({ context }) => context.abandoned === 1,
  },
  delays: {
    /** A process that takes longer to come up hangs. */
    startLimit: 15_000,
    idle: 10_000,
  },
}).createMachine({
  id: "fileHelper",
  context: ({ input }) => ({ ...input, uses: 0, abandoned: 0 }),
  initial: "Starting",
  on: { "helper.exited": ".Ended" },
  states: {
    Starting: {
      tags: ["live", "taking"],
      after: { startLimit: "Ending" },
      on: {
        "helper.ready": [
          { guard: "isUsed", target: "Serving.Busy", actions: "open" },
          { target: "Serving.Idle", actions: "open" },
        ],
        "use.began": { actions: "countUse" },
        "use.ended": { guard: "isUsed", actions: "discountUse" },
        "use.abandoned": [
          { guard: "isOnlyUse", target: "Ending", actions: "discountUse" },
          { guard: "isUsed", actions: "discountUse" }, // it was not asked of the process yet
        ],
        retire: "Ending",
      },
    },
    Serving: {
      tags: ["live", "taking"],
      on: { retire: "Ending" },
      states: {
        Idle: {
          tags: "idle",
          entry: "tellRoom",
          after: { idle: "#fileHelper.Ending" },
          on: { "use.began": { target: "Busy", actions: "countUse" } },
        },
        Busy: {
          on: {
            "use.began": { actions: "countUse" },
            "use.ended": [
              { guard: "isLastUse", target: "#fileHelper.Ending", actions: "discountUse" },
              { guard: "isOnlyUse", target: "Idle", actions: "discountUse" },
              { actions: "discountUse" },
            ],
            "use.abandoned": [
              { guard: "isOnlyUse", target: "#fileHelper.Ending", actions: "discountUse" },
              { target: "#fileHelper.Draining", actions: "countAbandoned" },
            ],
          },
        },
      },
      initial: "Idle",
    },
    Draining: {
      tags: "live",
      on: {
        "use.began": { actions: "countUse" }, // of a file that is open in it
        "use.ended": [{ guard: "isOnlyUse", target: "Ending", actions: "discountUse" }, { actions: "discountUse" }],
        "use.abandoned": [
          { guard: "isOnlyUse", target: "Ending", actions: "discountUse" },
          { actions: "countAbandoned" },
        ],
        "abandoned.ended": [
          { guard: "isOnlyAbandoned", target: "Serving.Busy", actions: "discountAbandoned" },
          { actions: "discountAbandoned" },
        ],
        retire: "Ending",
      },
    },
    Ending: { entry: "kill" },
    Ended: { type: "final", entry: "release" },
  },
});
