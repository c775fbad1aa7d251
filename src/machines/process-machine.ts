import { assign, setup, stateIn } from "xstate";
import { unprovided } from "./unprovided.ts";

/**
 * What can happen to a process: facts in the past tense, orders in the imperative. Times are the clock's, in milliseconds; a
 * machine has no clock of its own.
 */
export type ProcessEvent =
  | { readonly type: "child.spawned" }
  | { readonly type: "child.spawnFailed" }
  | { readonly type: "child.exited"; readonly exitCode: number }
  | { readonly type: "stdout.ended" }
  | { readonly type: "stderr.ended" }
  /** `lostBytes`: how many were accepted that the child never got, or not all of them (03 D-11). */
  | { readonly type: "stdin.closed"; readonly lostBytes: number }
  | { readonly type: "output.paused" }
  | { readonly type: "output.resumed" }
  | { readonly type: "interrupt" }
  | { readonly type: "terminate" }
  | { readonly type: "stop" }
  | { readonly type: "close.sent" }
  | { readonly type: "close.unheard" }
  | { readonly type: "close.delivered"; readonly now: number }
  | { readonly type: "session.attached"; readonly now: number }
  | { readonly type: "session.detached"; readonly now: number }
  | { readonly type: "crowdedOut" }
  | { readonly type: "session.expired" };

/** What differs from process to process. */
export interface ProcessInput {
  readonly processId: string;
  /** `none`: stdin is empty; `pipe`: ours to write; `pty`: one terminal for everything (02 P-14). */
  readonly stdin: "none" | "pipe" | "pty";
  /** How long after its start it may go on before it is ended, or `null`. */
  readonly timeLimitMs: number | null;
}

/** What a process remembers beside its state. */
export interface ProcessContext extends ProcessInput {
  readonly exitCode: number | null;
  /** Was its time over before it exited? */
  readonly timedOut: boolean;
  /** How long a closed process whose client knows of the close still stays readable, once the clock runs. */
  readonly retentionLeftMs: number;
  /** When that clock began to run; `null`: it stands still. */
  readonly retainedSince: number | null;
}

/** How long a closed process stays readable for a client that is there (02 P-64). */
const closedRetentionMs = 30_000;

function leftOf({ retentionLeftMs, retainedSince }: ProcessContext, now: number): number {
  const runForMs = retainedSince === null ? 0 : Math.max(0, now - retainedSince);
  return Math.max(0, retentionLeftMs - runForMs);
}

/** How an output stream lives: it flows, it is held back by a slow reader, it ends. */
const streamStates = {
  Open: {
    initial: "Flowing",
    states: {
      Flowing: { on: { "output.paused": "Paused" } },
      Paused: { on: { "output.resumed": "Flowing" } },
    },
  },
  Ended: { type: "final" },
} as const;

/**
 * One child process, from the spawn to its eviction (02 P-3, 03 section 5.3). Closed comes only after the exit *and* the
 * end of both streams, in any order: a grandchild that holds a pipe keeps the process Exited, readable, and its late
 * output still arrives. On a terminal everything flows through the `stdout` region and `stderr` has ended from the start.
 * The child's group outlives it: what is left of the group can be ended, by an order or by a time limit, until the close, and never after it, when its
 * number may be somebody else's (03 D-13). A closed process stays readable for the retention time, then its id is free again. That clock runs only while the session
 * is attached, and only once the close is Delivered: it was sent to a connection that gave a sign of life afterwards, or it
 * was read. Until then the result waits for a client that returns (03 D-3).
 */
export const processMachine = setup({
  types: {} as {
    context: ProcessContext;
    input: ProcessInput;
    events: ProcessEvent;
    /** `ending`: somebody has asked for its end, or its time is over. */
    tags: "starting" | "running" | "ending" | "closed" | "gone";
  },
  actions: {
    spawn: unprovided("spawn"),
    interruptGroup: unprovided("interruptGroup"),
    signalGroup: unprovided<{ signal: "SIGTERM" | "SIGKILL" }>("signalGroup"),
    publishExited: unprovided<{ exitCode: number; timedOut: boolean }>("publishExited"),
    /**
     * Reads no further than what is there: a killed process is over when its group is, and a descendant that fled the group
     * must not keep the pipes open (02 P-61). A terminal stays with whoever survives on it.
     */
    letGoOfPipes: unprovided("letGoOfPipes"),
    publishClosed: unprovided("publishClosed"),
    release: unprovided("release"),
    /** Asks whoever the close was sent to for a sign of life. */
    probeHolder: unprovided("probeHolder"),
    /** The result waits for a client that returns; only so many of a session may. */
    awaitClient: unprovided("awaitClient"),
    awaitClientNoMore: unprovided("awaitClientNoMore"),
    startRetention: assign((_, { now }: { now: number }) => ({ retainedSince: now })),
    haltRetention: assign(({ context }, { now }: { now: number }) => ({
      retentionLeftMs: leftOf(context, now),
      retainedSince: null,
    })),
    /** After the exit the limit only ends what is left of the group: the exit was told already, and was no time-out. */
    recordTimeOut: assign(({ context }) => ({ timedOut: context.exitCode === null })),
    recordExit: assign((_, { exitCode }: { exitCode: number }) => ({ exitCode })),
  },
  guards: {
    /** Has the child exited, and has every stream ended? */
    isProgramOver: stateIn({ Live: { child: "Exited", stdout: "Ended", stderr: "Ended" } }),
    /** After the exit nobody is left to be asked politely by a stop: the session's expiry follows at once (03 SS-66). */
    hasLeader: ({ context }) => context.exitCode === null,
    isLeaderlessOnPipes: ({ context }) => context.exitCode !== null && context.stdin !== "pty",
    isTerminal: ({ context }) => context.stdin === "pty",
    hasTimeLimit: ({ context }) => context.timeLimitMs !== null,
    hasStdin: ({ context }) => context.stdin !== "none",
  },
  delays: {
    /** From the start to a polite stop; counts until the close, so that no descendant can hold the process open for longer. */
    timeLimit: ({ context }) => context.timeLimitMs ?? 0,
    /** From a polite stop to the kill (03 SS-66). */
    killGrace: 2_000,
    /** What is left of the time that a closed process stays readable (02 P-64). */
    closedRetention: ({ context }) => context.retentionLeftMs,
  },
}).createMachine({
  id: "process",
  context: ({ input }) => ({
    ...input,
    exitCode: null,
    timedOut: false,
    retentionLeftMs: closedRetentionMs,
    retainedSince: null,
  }),
  initial: "Starting",
  states: {
    Starting: {
      tags: "starting",
      entry: "spawn",
      initial: "Wanted",
      on: { "child.spawnFailed": "Failed" },
      states: {
        Wanted: {
          on: { "child.spawned": "#process.Live", "session.expired": "Unwanted", stop: "Unwanted" },
        },
        Unwanted: {
          on: {
            "child.spawned": {
              target: "#process.Evicted",
              actions: { type: "signalGroup", params: { signal: "SIGKILL" } },
            },
          },
        },
      },
    },
    Live: {
      type: "parallel",
      onDone: "Closed",
      on: {
        "session.expired": {
          target: "Evicted",
          actions: { type: "signalGroup", params: { signal: "SIGKILL" } },
        },
      },
      states: {
        child: {
          initial: "Running",
          states: {
            Running: {
              tags: "running",
              on: {
                interrupt: { actions: "interruptGroup" },
                "child.exited": {
                  target: "Exited",
                  actions: [
                    { type: "recordExit", params: ({ event }) => ({ exitCode: event.exitCode }) },
                    {
                      type: "publishExited",
                      params: ({ context, event }) => ({ exitCode: event.exitCode, timedOut: context.timedOut }),
                    },
                  ],
                },
              },
            },
            Exited: { type: "final" },
          },
        },
        stdin: {
          initial: "Attaching",
          states: {
            Attaching: { always: [{ guard: "hasStdin", target: "Open" }, { target: "Closed" }] },
            Open: { on: { "stdin.closed": "Closed", "child.exited": "Closed" } },
            Closed: { type: "final" },
          },
        },
        stdout: { initial: "Open", on: { "stdout.ended": ".Ended" }, states: streamStates },
        stderr: {
          initial: "Attaching",
          on: { "stderr.ended": ".Ended" },
          states: {
            Attaching: { always: [{ guard: "isTerminal", target: "Ended" }, { target: "Open" }] },
            ...streamStates,
          },
        },
        group: {
          initial: "Ours",
          states: {
            Ours: {
              initial: "Attaching",
              on: { terminate: ".Killing" },
              always: { guard: "isProgramOver", target: "Forgotten" },
              states: {
                Attaching: { always: [{ guard: "hasTimeLimit", target: "Limited" }, { target: "Undisturbed" }] },
                Undisturbed: { on: { stop: { guard: "hasLeader", target: "Stopping" } } },
                Limited: {
                  on: { stop: { guard: "hasLeader", target: "Stopping" } },
                  after: { timeLimit: { target: "Stopping", actions: "recordTimeOut" } },
                },
                Stopping: {
                  tags: "ending",
                  entry: { type: "signalGroup", params: { signal: "SIGTERM" } },
                  after: { killGrace: "Killing" },
                },
                Killing: {
                  tags: "ending",
                  entry: { type: "signalGroup", params: { signal: "SIGKILL" } },
                  always: { guard: "isLeaderlessOnPipes", target: "Killed" },
                },
                Killed: { tags: "ending", entry: "letGoOfPipes" },
              },
            },
            Forgotten: { type: "final" },
          },
        },
      },
    },
    Closed: {
      tags: "closed",
      entry: "publishClosed",
      initial: "Undelivered",
      on: { "session.expired": "Evicted" },
      states: {
        Undelivered: {
          initial: "Publishing",
          on: {
            "close.delivered": {
              target: "Delivered",
              actions: { type: "startRetention", params: ({ event }) => ({ now: event.now }) },
            },
          },
          states: {
            Publishing: { on: { "close.sent": "Sent", "close.unheard": "Unheard" } },
            Unheard: {
              entry: "awaitClient",
              exit: "awaitClientNoMore",
              on: { crowdedOut: "#process.Evicted" },
            },
            Sent: { entry: "probeHolder", on: { "session.detached": "Unheard" } },
          },
        },
        Delivered: {
          initial: "Retained",
          states: {
            Retained: {
              on: {
                "session.detached": {
                  target: "Halted",
                  actions: { type: "haltRetention", params: ({ event }) => ({ now: event.now }) },
                },
              },
              after: { closedRetention: "#process.Evicted" },
            },
            Halted: {
              on: {
                "session.attached": {
                  target: "Retained",
                  actions: { type: "startRetention", params: ({ event }) => ({ now: event.now }) },
                },
              },
            },
          },
        },
      },
    },
    Evicted: { type: "final", tags: "gone", entry: "release" },
    Failed: { type: "final", tags: "gone", entry: "release" },
  },
});
