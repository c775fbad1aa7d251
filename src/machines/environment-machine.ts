import { assign, setup } from "xstate";
import { unprovided, unprovidedActor } from "./unprovided.ts";

/** What can happen to an environment. */
export type EnvironmentEvent =
  /** Somebody wants its link, or it is eager. */
  | { readonly type: "use" }
  /** Forget a final failure, and try once more. */
  | { readonly type: "restart" }
  | { readonly type: "link.recovering"; readonly reason: string }
  | { readonly type: "link.connected" }
  | { readonly type: "link.ended"; readonly reason: string }
  /** Replaced: over, unless it is Ready, since whoever holds a link that is in use keeps it (07 E-18). */
  | { readonly type: "release" }
  | { readonly type: "dispose" };

/** What differs from environment to environment. */
export interface EnvironmentInput {
  readonly environmentId: string;
  /** It is configured not to be used. */
  readonly isDisabled: boolean;
  /** Its program is started once; when that is gone nothing starts it again by itself (07 E-28). */
  readonly isOneShot: boolean;
}

/** What an attempt came to. */
export interface AttemptOutcome {
  /** A link can fail between the moment it was there and the moment that its environment hears of it. */
  readonly isAlive: boolean;
}

/** What an environment remembers beside its state. */
export interface EnvironmentContext extends EnvironmentInput {
  /** Why it cannot be used now, or what it recovers from; `null` while all is well. */
  readonly reason: string | null;
  /** What the last attempt failed with: the same object for everybody who shared it. */
  readonly error: unknown;
}

/**
 * A place to run things, seen from the orchestrator (03 section 7.3, 07 section 15.1). It is Idle until somebody uses it, or
 * until it is registered if it is eager. Then one attempt to connect is shared by all who want it, and its failure is final:
 * Failed, until somebody asks for a restart. A Ready one has a link, which recovers from lost connections by itself. When
 * that link has failed the environment is Disconnected, and the next use opens a fresh one; only a program that spoke over stdio is
 * Dead then, since running it again is for whoever configured it to decide.
 */
export const environmentMachine = setup({
  types: {} as {
    context: EnvironmentContext;
    input: EnvironmentInput;
    events: EnvironmentEvent;
    tags: "connecting" | "usable" | "ended";
  },
  actors: {
    /** Opens a link, which is the environment's from then on. Cancelled when the state is left before. */
    connect: unprovidedActor<AttemptOutcome>("connect"),
  },
  actions: {
    /** Listens to the link, which tells its state at once and then every other. */
    watchLink: unprovided("watchLink"),
    /** Closes the link, if there is one. */
    closeLink: unprovided("closeLink"),
    recordReason: assign((_, { reason }: { reason: string }) => ({ reason, error: null })),
    recordError: assign((_, { error }: { error: unknown }) => ({ error, reason: textOf(error) })),
    forgetTrouble: assign({ reason: null, error: null }),
  },
  guards: {
    isDisabled: ({ context }) => context.isDisabled,
    isOneShot: ({ context }) => context.isOneShot,
    isAlive: (_, { isAlive }: AttemptOutcome) => isAlive,
  },
}).createMachine({
  id: "environment",
  context: ({ input }) => ({ ...input, reason: null, error: null }),
  initial: "Idle",
  on: { dispose: { target: ".Disposed", actions: { type: "recordReason", params: { reason: "it was closed" } } } },
  states: {
    Idle: {
      always: {
        guard: "isDisabled",
        target: "Disabled",
        actions: { type: "recordReason", params: { reason: "it is disabled" } },
      },
      on: { use: "Starting", restart: "Starting", release: letGo() },
    },
    Starting: {
      tags: "connecting",
      entry: "forgetTrouble",
      invoke: {
        src: "connect",
        onDone: [
          { guard: { type: "isAlive", params: ({ event }) => event.output }, target: "Ready" },
          { guard: "isOneShot", target: "Disconnected.Dead", actions: disconnected() },
          // Whoever waits here is not let down by a link that has failed meanwhile (03 F-79).
          { target: "Disconnected.Reopening", actions: disconnected() },
        ],
        onError: { target: "Failed", actions: { type: "recordError", params: ({ event }) => event } },
      },
      on: { release: letGo() },
    },
    Ready: {
      tags: "usable",
      entry: ["forgetTrouble", "watchLink"],
      initial: "Connected",
      on: {
        "link.ended": [
          {
            guard: "isOneShot",
            target: "Disconnected.Dead",
            actions: { type: "recordReason", params: ({ event }) => event },
          },
          { target: "Disconnected", actions: { type: "recordReason", params: ({ event }) => event } },
        ],
      },
      states: {
        Connected: {
          on: {
            "link.recovering": {
              target: "Recovering",
              actions: { type: "recordReason", params: ({ event }) => event },
            },
          },
        },
        Recovering: { on: { "link.connected": { target: "Connected", actions: "forgetTrouble" } } },
      },
    },
    Disconnected: {
      initial: "Lost",
      on: { restart: "Starting", release: letGo() },
      states: {
        Lost: { on: { use: "Reopening" } },
        Reopening: {
          tags: "connecting",
          invoke: {
            src: "connect",
            onDone: [
              { guard: { type: "isAlive", params: ({ event }) => event.output }, target: "#environment.Ready" },
              { target: "Lost", actions: disconnected() },
            ],
            onError: { target: "Lost", actions: { type: "recordError", params: ({ event }) => event } },
          },
          // The attempt that is under way is as good as a new one.
          on: { restart: {} },
        },
        Dead: {},
      },
    },
    Failed: { on: { restart: "Starting", release: letGo() } },
    Disabled: { on: { release: letGo() } },
    Disposed: { type: "final", tags: "ended", entry: "closeLink" },
  },
});

function letGo() {
  return {
    target: "#environment.Disposed",
    actions: { type: "recordReason", params: { reason: "it was replaced" } },
  } as const;
}

function disconnected() {
  return { type: "recordReason", params: { reason: "the connection was lost" } } as const;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
