import { assign, fromPromise, setup } from "xstate";

/** What can happen to a link. Events of a physical connection carry its generation, so that a late one changes nothing. */
export type LinkEvent =
  | { readonly type: "connection.ended"; readonly generation: number; readonly reason: string }
  | { readonly type: "close" };

/** What a link remembers beside its state. */
export interface LinkContext {
  /** Ordinal of the connection in use or being dialled (03 N-1). */
  readonly generation: number;
  readonly sessionId: string | null;
  /** Why the link ended, or `null` while it works. */
  readonly reason: string | null;
}

const missing = (actor: string) =>
  fromPromise<never>(() => Promise.reject(new Error(`the actor "${actor}" was not provided`)));

/**
 * The client's logical connection to one executor (03 section 7.1). It dials, shakes hands, and then is Connected until its
 * connection ends; handles, calls and streams hang on the link, not on the connection. A link that ends is Failed with the
 * reason that every later call repeats, or Closed when its user asked for it.
 */
export const linkMachine = setup({
  types: {} as { context: LinkContext; events: LinkEvent; tags: "connecting" | "connected" | "ended" },
  actors: {
    dial: missing("dial") as ReturnType<typeof fromPromise<void>>,
    handshake: missing("handshake") as ReturnType<typeof fromPromise<string>>,
  },
  actions: {
    countGeneration: assign(({ context }) => ({ generation: context.generation + 1 })),
    recordSession: assign((_, { sessionId }: { sessionId: string }) => ({ sessionId })),
    recordReason: assign((_, { reason }: { reason: string }) => ({ reason })),
  },
  guards: {
    isCurrent: ({ context }, { generation }: { generation: number }) => generation === context.generation,
  },
  delays: {
    /** Bound on reaching the executor (03 `CONNECT_TIMEOUT`). */
    connectTimeout: 10_000,
    /** Bound on the handshake (03 `INITIALIZE_TIMEOUT`). */
    initializeTimeout: 10_000,
  },
}).createMachine({
  id: "link",
  context: { generation: 0, sessionId: null, reason: null },
  initial: "Connecting",
  on: { close: { target: ".Closed", actions: { type: "recordReason", params: { reason: "the link was closed" } } } },
  states: {
    Connecting: {
      tags: "connecting",
      initial: "Dialing",
      on: {
        "connection.ended": {
          guard: { type: "isCurrent", params: ({ event }) => event },
          target: "Failed",
          actions: { type: "recordReason", params: ({ event }) => event },
        },
      },
      states: {
        Dialing: {
          entry: "countGeneration",
          invoke: {
            src: "dial",
            onDone: "Handshaking",
            onError: {
              target: "#link.Failed",
              actions: { type: "recordReason", params: ({ event }) => ({ reason: reasonOf(event.error) }) },
            },
          },
          after: {
            connectTimeout: {
              target: "#link.Failed",
              actions: { type: "recordReason", params: { reason: "the executor was not reached in time" } },
            },
          },
        },
        Handshaking: {
          invoke: {
            src: "handshake",
            onDone: {
              target: "#link.Connected",
              actions: { type: "recordSession", params: ({ event }) => ({ sessionId: event.output }) },
            },
            onError: {
              target: "#link.Failed",
              actions: { type: "recordReason", params: ({ event }) => ({ reason: reasonOf(event.error) }) },
            },
          },
          after: {
            initializeTimeout: {
              target: "#link.Failed",
              actions: { type: "recordReason", params: { reason: "the executor did not answer `initialize` in time" } },
            },
          },
        },
      },
    },
    Connected: {
      tags: "connected",
      on: {
        "connection.ended": {
          guard: { type: "isCurrent", params: ({ event }) => event },
          target: "Failed",
          actions: { type: "recordReason", params: ({ event }) => event },
        },
      },
    },
    Failed: { type: "final", tags: "ended" },
    Closed: { type: "final", tags: "ended" },
  },
});

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
