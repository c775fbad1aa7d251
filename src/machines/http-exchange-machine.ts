import { setup } from "xstate";
import { unprovided } from "./unprovided.ts";

/** What can happen to an HTTP exchange. */
export type HttpExchangeEvent =
  | { readonly type: "place.given" }
  | { readonly type: "head.received" }
  | { readonly type: "peer.full" }
  | { readonly type: "peer.drained" }
  | { readonly type: "body.ended" }
  | { readonly type: "exchange.failed" }
  | { readonly type: "cancel" }
  | { readonly type: "connection.ended" };

/** What differs from exchange to exchange. */
export interface HttpExchangeInput {
  /** The client's name for it (06 H-40). */
  readonly requestId: string;
  /** Its body goes to the client piece by piece. */
  readonly isStreamed: boolean;
  /** Of the whole exchange; `null`: none (06 H-26). */
  readonly timeoutMs: number | null;
}

/**
 * One HTTP exchange that a connection asked for, seen from the executor (06 section 14.2). It is Open from the moment its id is
 * taken: it waits for a place, then for the head, then its body is collected whole or sent on piece by piece, Held while the peer
 * reads too slowly. It is Done when all of the body was handed over, and Failed whenever it ends before, which also ends the exchange with the origin.
 */
export const httpExchangeMachine = setup({
  types: {} as {
    context: HttpExchangeInput;
    input: HttpExchangeInput;
    events: HttpExchangeEvent;
    tags: "open" | "held";
  },
  guards: {
    isStreamed: ({ context }) => context.isStreamed,
    hasNoTime: ({ context }) => context.timeoutMs === 0,
    hasDeadline: ({ context }) => context.timeoutMs !== null,
  },
  actions: {
    /** Ends the exchange with the origin. */
    abort: unprovided<{ readonly because: "timeout" | "cancelled" | "disconnected" | "failed" }>("abort"),
    /** Gives the id and the place free. */
    release: unprovided("release"),
  },
  delays: { deadline: ({ context }) => context.timeoutMs ?? 0 },
}).createMachine({
  id: "httpExchange",
  context: ({ input }) => input,
  initial: "Open",
  states: {
    Open: {
      tags: "open",
      initial: "Waiting",
      after: {
        deadline: {
          guard: "hasDeadline",
          target: "Failed",
          actions: { type: "abort", params: { because: "timeout" } },
        },
      },
      on: {
        "body.ended": "Done",
        "exchange.failed": { target: "Failed", actions: { type: "abort", params: { because: "failed" } } },
        cancel: { target: "Failed", actions: { type: "abort", params: { because: "cancelled" } } },
        "connection.ended": { target: "Failed", actions: { type: "abort", params: { because: "disconnected" } } },
      },
      states: {
        Waiting: {
          always: {
            guard: "hasNoTime",
            target: "#httpExchange.Failed",
            actions: { type: "abort", params: { because: "timeout" } },
          },
          on: { "place.given": "Requesting" },
        },
        Requesting: { on: { "head.received": [{ guard: "isStreamed", target: "Sending" }, "Collecting"] } },
        Collecting: {},
        Sending: { on: { "peer.full": "Held" } },
        Held: { tags: "held", on: { "peer.drained": "Sending" } },
      },
    },
    Done: { type: "final", entry: "release" },
    Failed: { type: "final", entry: "release" },
  },
});
