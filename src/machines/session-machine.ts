import { assign, setup } from "xstate";
import { unprovided } from "./unprovided.ts";

/** What can happen to a session. Times are the clock's, in milliseconds; a machine has no clock of its own. */
export type SessionEvent =
  | { readonly type: "detach"; readonly connectionId: string; readonly now: number }
  | { readonly type: "resume"; readonly connectionId: string; readonly now: number }
  | { readonly type: "contested" }
  | { readonly type: "holder.heard" }
  | { readonly type: "end" }
  | { readonly type: "shutdown" };

/** What differs from session to session. */
export interface SessionInput {
  readonly sessionId: string;
  /** The connection that created the session, and holds it. */
  readonly holder: string;
  /** How long the session outlives its connection, in milliseconds (03 `SESSION_TTL`). */
  readonly ttlMs: number;
}

/** What a session remembers beside its state. */
export interface SessionContext {
  readonly sessionId: string;
  readonly ttlMs: number;
  /** The connection that holds the session, or `null` when none does. */
  readonly holder: string | null;
  /** When a detached session expires, on the executor's clock. */
  readonly deadline: number | null;
}

/**
 * What an orchestrator owns on an executor, seen from the executor (03 section 5.2). It is held by one connection, or
 * detached and waiting for the next one until its deadline. Expiry is decided by time when a connection asks, not by the
 * timer that merely wakes us up: at a tie expiry wins (03 SS-12). A resume that meets a holder makes the session ask its
 * holder for a sign of life; a silent one is evicted, so that the next attempt succeeds (03 SS-19, D-1).
 */
export const sessionMachine = setup({
  types: {} as {
    context: SessionContext;
    input: SessionInput;
    events: SessionEvent;
    tags: "attached" | "detached" | "expired";
  },
  actions: {
    probeHolder: unprovided("probeHolder"),
    evictHolder: unprovided("evictHolder"),
    /** Forgets the session, then kills what it owns: no one may find it half dead (03 SS-15). */
    expire: unprovided("expire"),
    /** The same on the executor's own way out, where children get a moment to end by themselves (03 SS-66). */
    retire: unprovided("retire"),
    hold: assign((_, { holder }: { holder: string }) => ({ holder, deadline: null })),
    forgetHolder: assign({ holder: null, deadline: null }),
    letGo: assign(({ context }, { now }: { now: number }) => ({ holder: null, deadline: now + context.ttlMs })),
  },
  guards: {
    isHolder: ({ context }, { connectionId }: { connectionId: string }) => context.holder === connectionId,
    isBeforeDeadline: ({ context }, { now }: { now: number }) => context.deadline !== null && now < context.deadline,
  },
  delays: {
    ttl: ({ context }) => context.ttlMs,
    /** How long a probed holder may stay silent (03 D-1). */
    probeGrace: 1_500,
  },
}).createMachine({
  id: "session",
  context: ({ input }) => ({ ...input, deadline: null }),
  initial: "Attached",
  on: {
    end: { target: ".Expired", actions: ["expire", "forgetHolder"] },
    shutdown: { target: ".Expired", actions: ["retire", "forgetHolder"] },
  },
  states: {
    Attached: {
      tags: "attached",
      initial: "Held",
      on: {
        detach: {
          guard: { type: "isHolder", params: ({ event }) => ({ connectionId: event.connectionId }) },
          target: "Detached",
          actions: { type: "letGo", params: ({ event }) => ({ now: event.now }) },
        },
      },
      states: {
        Held: { on: { contested: "Probing" } },
        Probing: { entry: "probeHolder", on: { "holder.heard": "Held" }, after: { probeGrace: "Evicting" } },
        Evicting: { entry: "evictHolder" },
      },
    },
    Detached: {
      tags: "detached",
      on: {
        resume: [
          {
            guard: { type: "isBeforeDeadline", params: ({ event }) => ({ now: event.now }) },
            target: "Attached",
            actions: { type: "hold", params: ({ event }) => ({ holder: event.connectionId }) },
          },
          { target: "Expired", actions: "expire" },
        ],
      },
      after: { ttl: { target: "Expired", actions: "expire" } },
    },
    Expired: { type: "final", tags: "expired" },
  },
});
