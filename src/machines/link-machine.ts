import { assign, type ErrorActorEvent, setup } from "xstate";
import type { HandshakeOutcome, LinkContext, LinkEvent, LinkInput } from "./link-context.ts";
import { recoveryDeadlineMs } from "./recovery-deadline.ts";
import { retryPauseMs } from "./retry-pause.ts";
import { unprovided, unprovidedActor } from "./unprovided.ts";

/**
 * The client's logical connection to one executor (03 section 7.1). It dials and shakes hands, and is then Connected.
 * Handles, calls and streams hang on the link, not on the connection: when that one is lost, the link is Recovering. It
 * dials again, resumes its session, catches every process up, and only then installs the new connection; what is called
 * meanwhile waits. What cannot be saved by the deadline makes the link Failed, with one reason that every later call
 * repeats. A link that its user ends is Closed.
 */
export const linkMachine = setup({
  types: {} as {
    context: LinkContext;
    input: LinkInput;
    events: LinkEvent;
    tags: "connecting" | "connected" | "recovering" | "ended";
  },
  actors: {
    /** Opens a connection and begins to listen to it. */
    dial: unprovidedActor<void>("dial"),
    /** Shakes hands, resuming the session if there is one. */
    handshake: unprovidedActor<HandshakeOutcome>("handshake"),
    /** Reads what every process did during the outage (03 CL-40). */
    catchUp: unprovidedActor<void>("catchUp"),
  },
  actions: {
    ping: unprovided("ping"),
    /** Ends a connection that is silent: while it stands, its session cannot be resumed. */
    dropInstalled: unprovided("dropInstalled"),
    /** Drops the connection of an attempt that came to nothing. */
    dropCandidate: unprovided("dropCandidate"),
    /** Makes the candidate the connection of the link, and lets waiting calls go on. */
    installCandidate: unprovided("installCandidate"),
    countConnection: assign(({ context }) => ({ newest: context.newest + 1 })),
    recordInstalled: assign(({ context }) => ({
      generation: context.newest,
      recoveryDeadlineMs: recoveryDeadlineMs(context.longestRecoveryMs, context.sessionTtlMs),
      reason: null,
      attempts: 0,
      heardAgoMs: 0,
    })),
    recordHandshake: assign((_, { sessionId, sessionTtlMs }: HandshakeOutcome) => ({ sessionId, sessionTtlMs })),
    recordReason: assign((_, { reason }: { reason: string }) => ({ reason })),
    countAttempt: assign(({ context }) => ({ attempts: context.attempts + 1 })),
    addCause: assign(({ context }, { cause }: { cause: string }) => ({
      reason: `${context.reason ?? "the connection was lost"}; failed to resume the session: ${cause}`,
    })),
    recordHeard: assign((_, { agoMs }: { agoMs: number }) => ({ heardAgoMs: agoMs })),
  },
  guards: {
    isInstalled: ({ context }, { generation }: { generation: number }) => generation === context.generation,
    isNewest: ({ context }, { generation }: { generation: number }) => generation === context.newest,
    isRetryable: (_, { error }: { error: unknown }) =>
      typeof error === "object" && error !== null && "isRetryable" in error && error.isRetryable === true,
    isFinal: (_, { error }: { error: unknown }) =>
      typeof error === "object" && error !== null && "isRetryable" in error && error.isRetryable === false,
    cannotReconnect: ({ context }) => !context.canReconnect,
  },
  delays: {
    /** Bound on reaching the executor (03 `CONNECT_TIMEOUT`); shorter where the next attempt may fare better (03 F-2). */
    dialTimeout: ({ context }) => context.connectTimeoutMs ?? (context.sessionId === null ? 10_000 : 4_000),
    /** The same for the handshake (03 `INITIALIZE_TIMEOUT`, F-4). */
    handshakeTimeout: ({ context }) => context.initializeTimeoutMs ?? (context.sessionId === null ? 10_000 : 5_000),
    recoveryDeadline: ({ context }) => context.recoveryDeadlineMs,
    retryPause: ({ context }) => retryPauseMs(context.sessionId ?? "", context.attempts, context.retryPace),
    /** A connection that was silent for so long is asked for a sign of life (03 D-1). */
    pingIdle: ({ context }) => 5_000 - Math.min(context.heardAgoMs, 5_000),
    /** What it gets to give one. */
    pongWait: 5_000,
  },
}).createMachine({
  id: "link",
  context: ({ input }) => ({
    ...input,
    newest: 0,
    generation: 0,
    sessionId: null,
    sessionTtlMs: null,
    recoveryDeadlineMs: recoveryDeadlineMs(input.longestRecoveryMs, null),
    attempts: 0,
    heardAgoMs: 0,
    reason: null,
  }),
  initial: "Connecting",
  on: {
    close: { target: ".Closed", actions: { type: "recordReason", params: { reason: "the link was closed" } } },
  },
  states: {
    Connecting: {
      tags: "connecting",
      initial: "Dialing",
      on: {
        "connection.ended": {
          guard: { type: "isNewest", params: ({ event }) => event },
          target: "Failed",
          actions: { type: "recordReason", params: ({ event }) => event },
        },
      },
      states: {
        Dialing: {
          entry: "countConnection",
          invoke: {
            src: "dial",
            onDone: "Handshaking",
            onError: { target: "#link.Failed", actions: { type: "recordReason", params: asReason } },
          },
          after: {
            dialTimeout: {
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
              actions: [
                { type: "recordHandshake", params: ({ event }) => event.output },
                "recordInstalled",
                "installCandidate",
              ],
            },
            onError: { target: "#link.Failed", actions: { type: "recordReason", params: asReason } },
          },
          after: {
            handshakeTimeout: {
              target: "#link.Failed",
              actions: { type: "recordReason", params: { reason: "the executor did not answer `initialize` in time" } },
            },
          },
        },
      },
    },
    Connected: {
      tags: "connected",
      initial: "Heard",
      on: {
        "connection.ended": {
          guard: { type: "isInstalled", params: ({ event }) => event },
          target: "Recovering",
          actions: { type: "recordReason", params: ({ event }) => event },
        },
        "path.doubted": ".Silent",
      },
      states: {
        Heard: { after: { pingIdle: "Silent" } },
        Silent: {
          entry: "ping",
          on: {
            "connection.heard": {
              target: "Heard",
              actions: { type: "recordHeard", params: ({ event }) => event },
            },
          },
          after: {
            pongWait: {
              target: "#link.Recovering",
              actions: [
                { type: "recordReason", params: { reason: "the executor gave no sign of life" } },
                "dropInstalled",
              ],
            },
          },
        },
      },
    },
    Recovering: {
      tags: "recovering",
      initial: "Beginning",
      after: {
        recoveryDeadline: {
          target: "Failed",
          actions: {
            type: "addCause",
            params: ({ context }) => ({ cause: `recovery timed out after ${context.recoveryDeadlineMs / 1_000}s` }),
          },
        },
      },
      states: {
        Beginning: { always: [{ guard: "cannotReconnect", target: "#link.Failed" }, { target: "Dialing" }] },
        Dialing: {
          entry: "countConnection",
          invoke: {
            src: "dial",
            onDone: "Resuming",
            onError: [
              {
                guard: { type: "isFinal", params: ({ event }) => event },
                target: "#link.Failed",
                actions: { type: "addCause", params: asCause },
              },
              { target: "BackingOff" },
            ],
          },
          after: { dialTimeout: "BackingOff" },
          on: {
            "connection.ended": { guard: { type: "isNewest", params: ({ event }) => event }, target: "BackingOff" },
          },
        },
        Resuming: {
          invoke: {
            src: "handshake",
            onDone: {
              target: "CatchingUp",
              actions: { type: "recordHandshake", params: ({ event }) => event.output },
            },
            onError: [
              { guard: { type: "isRetryable", params: ({ event }) => event }, target: "BackingOff" },
              { target: "#link.Failed", actions: { type: "addCause", params: asCause } },
            ],
          },
          after: { handshakeTimeout: "BackingOff" },
          on: {
            "connection.ended": { guard: { type: "isNewest", params: ({ event }) => event }, target: "BackingOff" },
          },
        },
        CatchingUp: {
          invoke: {
            src: "catchUp",
            onDone: { target: "#link.Connected", actions: ["recordInstalled", "installCandidate"] },
            onError: "BackingOff",
          },
          on: {
            "connection.ended": { guard: { type: "isNewest", params: ({ event }) => event }, target: "BackingOff" },
            "path.doubted": ".Silent",
          },
          // It takes as long as there is something to read; but a connection that dies meanwhile must not use up the deadline.
          initial: "Heard",
          states: {
            Heard: { after: { pingIdle: "Silent" } },
            Silent: {
              entry: "ping",
              on: {
                "connection.heard": {
                  target: "Heard",
                  actions: { type: "recordHeard", params: ({ event }) => event },
                },
              },
              after: { pongWait: "#link.Recovering.BackingOff" },
            },
          },
        },
        BackingOff: {
          entry: ["dropCandidate", "countAttempt"],
          on: { "path.doubted": "Dialing" },
          after: { retryPause: "Dialing" },
        },
      },
    },
    Failed: { type: "final", tags: "ended" },
    Closed: { type: "final", tags: "ended" },
  },
});

function asReason({ event }: { event: ErrorActorEvent }): { reason: string } {
  return { reason: textOf(event.error) };
}

function asCause({ event }: { event: ErrorActorEvent }): { cause: string } {
  return { cause: textOf(event.error) };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
