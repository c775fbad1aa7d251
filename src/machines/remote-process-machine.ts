import { assign, setup } from "xstate";
import { unprovided, unprovidedActor } from "./unprovided.ts";

/** What can happen to a remote process. `published` events come in order, after reassembly (03 CL-35). */
export type RemoteProcessEvent =
  | { readonly type: "published.exit"; readonly exitCode: number }
  | { readonly type: "published.close" }
  | { readonly type: "gap"; readonly error: unknown }
  | { readonly type: "link.ended"; readonly error: unknown };

/** What an executor says of a start whose answer was lost. */
export type StartFate = "running" | "starting" | "absent";

/** What differs from handle to handle. */
export interface RemoteProcessInput {
  readonly processId: string;
  /** May a start that never happened be made again without the caller's word? */
  readonly mayRepeatStart: boolean;
}

/** What the handle on a process remembers beside its state. */
export interface RemoteProcessContext extends RemoteProcessInput {
  readonly exitCode: number | null;
  /** How often the executor said "still starting" in a row. */
  readonly polls: number;
}

/** A start that is said to be starting for so many polls is stuck (03 D-4, SS-31). */
const mostPolls = 20;

/**
 * The orchestrator's handle on one process (03 section 7.2). It follows the numbered events of the executor in their order:
 * exit, late output, close. A start whose answer was lost with the connection is Ambiguous until the executor has said
 * what became of it: then it is adopted, made again, or failed with an honest "unknown" (03 D-4). A gap in the numbers or the end of
 * the link fails this handle, and no other.
 */
export const remoteProcessMachine = setup({
  types: {} as {
    context: RemoteProcessContext;
    input: RemoteProcessInput;
    events: RemoteProcessEvent;
    tags: "starting" | "live" | "ended";
  },
  actors: {
    /** Sends the start, once. */
    start: unprovidedActor<void>("start"),
    /** Asks what became of the start, once the link is connected again. */
    ask: unprovidedActor<StartFate>("ask"),
  },
  actions: {
    /** The start is confirmed: publish what came before the answer. */
    confirm: unprovided("confirm"),
    terminate: unprovided("terminate"),
    fail: unprovided<{ error: unknown }>("fail"),
    failUnknown: unprovided("failUnknown"),
    recordExit: assign((_, { exitCode }: { exitCode: number }) => ({ exitCode })),
    countPoll: assign(({ context }) => ({ polls: context.polls + 1 })),
  },
  guards: {
    wasLost: (_, { error }: { error: unknown }) =>
      typeof error === "object" && error !== null && "code" in error && error.code === "disconnected",
    isRunning: (_, { output }: { output: StartFate }) => output === "running",
    isRepeatable: ({ context }, { output }: { output: StartFate }) => output === "absent" && context.mayRepeatStart,
    isStarting: ({ context }, { output }: { output: StartFate }) => output === "starting" && context.polls < mostPolls,
    isStuck: (_, { output }: { output: StartFate }) => output === "starting",
  },
  delays: { pollPause: 100 },
}).createMachine({
  id: "remoteProcess",
  context: ({ input }) => ({ ...input, exitCode: null, polls: 0 }),
  initial: "Starting",
  states: {
    Starting: {
      tags: "starting",
      invoke: {
        src: "start",
        onDone: "Running",
        onError: [
          { guard: { type: "wasLost", params: ({ event }) => event }, target: "Ambiguous" },
          { target: "Failed", actions: { type: "fail", params: ({ event }) => event } },
        ],
      },
      // The end of the link fails the start itself, which knows whether it was sent.
      on: {
        gap: { target: "Failed", actions: ["terminate", { type: "fail", params: ({ event }) => event }] },
      },
    },
    Ambiguous: {
      tags: "starting",
      initial: "Asking",
      on: {
        gap: { target: "Failed", actions: ["terminate", { type: "fail", params: ({ event }) => event }] },
        "link.ended": { target: "Failed", actions: { type: "fail", params: ({ event }) => event } },
      },
      states: {
        Asking: {
          invoke: {
            src: "ask",
            onDone: [
              { guard: { type: "isRunning", params: ({ event }) => event }, target: "#remoteProcess.Running" },
              { guard: { type: "isRepeatable", params: ({ event }) => event }, target: "#remoteProcess.Starting" },
              {
                guard: { type: "isStarting", params: ({ event }) => event },
                target: "Waiting",
                actions: "countPoll",
              },
              {
                guard: { type: "isStuck", params: ({ event }) => event },
                target: "#remoteProcess.Failed",
                actions: ["terminate", "failUnknown"],
              },
              { target: "#remoteProcess.Failed", actions: "failUnknown" },
            ],
            onError: { target: "#remoteProcess.Failed", actions: { type: "fail", params: ({ event }) => event } },
          },
        },
        Waiting: { after: { pollPause: "Asking" } },
      },
    },
    Running: {
      tags: "live",
      entry: "confirm",
      on: {
        "published.exit": { target: "Exited", actions: { type: "recordExit", params: ({ event }) => event } },
        // A correct executor never closes before the exit; one that does leaves the exit code unknown.
        "published.close": "Closed",
        gap: { target: "Failed", actions: ["terminate", { type: "fail", params: ({ event }) => event }] },
        "link.ended": { target: "Failed", actions: { type: "fail", params: ({ event }) => event } },
      },
    },
    Exited: {
      tags: "live",
      on: {
        "published.close": "Closed",
        gap: { target: "Failed", actions: ["terminate", { type: "fail", params: ({ event }) => event }] },
        "link.ended": { target: "Failed", actions: { type: "fail", params: ({ event }) => event } },
      },
    },
    Closed: { type: "final", tags: "ended" },
    Failed: { type: "final", tags: "ended" },
  },
});
