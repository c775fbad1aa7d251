import { setup } from "xstate";
import { unprovided } from "./unprovided.ts";

/** What can happen to the body of a response on its way to the orchestrator. */
export type HttpBodyEvent =
  | { readonly type: "head.received" }
  | { readonly type: "queue.filled" }
  | { readonly type: "queue.drained" }
  | { readonly type: "body.ended" }
  | { readonly type: "body.failed" }
  | { readonly type: "connection.lost" }
  | { readonly type: "cancel" };

/** What differs from body to body. */
export interface HttpBodyInput {
  /** Never the same twice on one link (06 H-43). */
  readonly requestId: string;
}

/**
 * The body of one response, seen from the orchestrator (06 section 14.1). It is Open from before its request is sent, since pieces
 * may come before the answer; Held while its reader is slow. It is Done when its last piece has come, Failed when it breaks off, and
 * Cancelled when nobody wants it any more, which the executor is told. Nothing of it survives its connection.
 */
export const httpBodyMachine = setup({
  types: {} as { context: HttpBodyInput; input: HttpBodyInput; events: HttpBodyEvent; tags: "open" | "streaming" },
  actions: {
    /** Stops reading from the executor. */
    hold: unprovided("hold"),
    /** Goes on. */
    release: unprovided("release"),
    /** Tells the executor that nobody wants it. */
    cancelRemotely: unprovided("cancelRemotely"),
    /** Frames with this id are nobody's from now on (06 C-3). */
    forget: unprovided("forget"),
  },
}).createMachine({
  id: "httpBody",
  context: ({ input }) => input,
  initial: "Open",
  states: {
    Open: {
      tags: "open",
      initial: "AwaitingHead",
      on: {
        "body.ended": "Done",
        "body.failed": "Failed",
        cancel: { target: "Cancelled", actions: "cancelRemotely" },
      },
      states: {
        // A connection that is lost now is the trouble of the call, which may not even have been sent.
        AwaitingHead: { on: { "head.received": "Streaming" } },
        Streaming: {
          tags: "streaming",
          initial: "Flowing",
          on: { "connection.lost": "#httpBody.Failed" },
          states: {
            Flowing: { on: { "queue.filled": "Held" } },
            Held: { entry: "hold", exit: "release", on: { "queue.drained": "Flowing" } },
          },
        },
      },
    },
    Done: { type: "final", entry: "forget" },
    Failed: { type: "final", entry: "forget" },
    Cancelled: { type: "final", entry: "forget" },
  },
});
