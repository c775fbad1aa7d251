import { setup } from "xstate";
import { unprovided } from "./unprovided.ts";

/** What can happen to a connection. */
export type ConnectionEvent =
  | { readonly type: "session.attached" }
  | { readonly type: "initialized" }
  | { readonly type: "session.observed" }
  | { readonly type: "observation.ended"; readonly code: number; readonly reason: string }
  | { readonly type: "violation"; readonly reason: string }
  | { readonly type: "session.taken" }
  | { readonly type: "shutdown" }
  | { readonly type: "peer.heard" }
  | { readonly type: "transport.ended" };

/** What differs from connection to connection. */
export interface ConnectionInput {
  readonly connectionId: string;
}

/**
 * One physical link, seen from the executor (03 section 5.1): the handshake, after which it holds a session or observes that
 * of another connection; beside it the watch over the peer; and the ways it ends. Leaving Open, for whatever reason, aborts
 * the waits of its requests and detaches its session first; a connection that ends in order says so with a close frame, and is
 * cut off when the peer does not react.
 */
export const connectionMachine = setup({
  types: {} as {
    context: ConnectionInput;
    input: ConnectionInput;
    events: ConnectionEvent;
    tags: "awaitingInitialize" | "awaitingInitialized" | "ready" | "observing" | "ended";
  },
  actions: {
    leaveSession: unprovided("leaveSession"),
    /** Answers what is still pending: the session belongs to another connection now (01 W-47). */
    refusePending: unprovided("refusePending"),
    ping: unprovided("ping"),
    closeTransport: unprovided<{ code: number; reason: string }>("closeTransport"),
    destroyTransport: unprovided("destroyTransport"),
  },
  delays: {
    /** Between signs of life (01 W-11). */
    pingInterval: 30_000,
    /** A peer that stays silent this long after a ping is gone (01 B-6). */
    deadPeer: 60_000,
    /** What a peer gets to react to a close frame. */
    closeGrace: 1_000,
  },
}).createMachine({
  id: "connection",
  context: ({ input }) => input,
  initial: "Open",
  states: {
    Open: {
      type: "parallel",
      exit: "leaveSession",
      on: {
        "transport.ended": "Closed",
        "session.taken": "Evicted",
        violation: {
          target: "Closing",
          actions: { type: "closeTransport", params: ({ event }) => ({ code: 1002, reason: event.reason }) },
        },
        shutdown: {
          target: "Closing",
          actions: { type: "closeTransport", params: { code: 1001, reason: "the executor is shutting down" } },
        },
      },
      states: {
        handshake: {
          initial: "AwaitingInitialize",
          states: {
            AwaitingInitialize: {
              tags: "awaitingInitialize",
              on: {
                "session.attached": "AwaitingInitialized",
                initialized: {
                  target: "#connection.Closing",
                  actions: {
                    type: "closeTransport",
                    params: { code: 1002, reason: "`initialized` before a successful `initialize`" },
                  },
                },
              },
            },
            AwaitingInitialized: { tags: "awaitingInitialized", on: { initialized: "Ready" } },
            Ready: { tags: "ready", on: { "session.observed": "Observing" } },
            // It follows the session of another connection, has none of its own, and has no part in who holds that one.
            Observing: {
              tags: "observing",
              on: {
                "observation.ended": {
                  target: "#connection.Closing",
                  actions: { type: "closeTransport", params: ({ event }) => event },
                },
              },
            },
          },
        },
        peer: {
          initial: "Heard",
          states: {
            Heard: { after: { pingInterval: "Silent" } },
            Silent: {
              initial: "Probed",
              on: { "peer.heard": "Heard" },
              after: { deadPeer: { target: "#connection.Closed", actions: "destroyTransport" } },
              states: {
                Probed: { entry: "ping", after: { pingInterval: { target: "Probed", reenter: true } } },
              },
            },
          },
        },
      },
    },
    Evicted: {
      tags: "ended",
      entry: [
        "refusePending",
        {
          type: "closeTransport",
          params: { code: 1002, reason: "session has been resumed by another connection" },
        },
      ],
      on: { "transport.ended": "Closed" },
      after: { closeGrace: { target: "Closed", actions: "destroyTransport" } },
    },
    Closing: {
      tags: "ended",
      on: { "transport.ended": "Closed" },
      after: { closeGrace: { target: "Closed", actions: "destroyTransport" } },
    },
    Closed: { type: "final", tags: "ended" },
  },
});
