import { distinctUntilChanged, map, Observable } from "rxjs";
import type { Actor, SnapshotFrom } from "xstate";
import type { environmentMachine } from "../machines/environment-machine.ts";

/** What an environment tells of itself; nothing in it is secret. */
export interface EnvironmentState {
  /** The outer state of its statechart. */
  readonly value: "Idle" | "Starting" | "Ready" | "Disconnected" | "Failed" | "Disabled" | "Disposed";
  /** The inner one, where there is one: `Connected` or `Recovering`; `Lost`, `Reopening` or `Dead`. */
  readonly phase: "Connected" | "Recovering" | "Lost" | "Reopening" | "Dead" | null;
  /** Why it cannot be used, or what it recovers from; `null` while all is well. */
  readonly reason: string | null;
}

/** Whether an environment can be used (07 E-40): `pending` ones need only be waited for, or used for the first time. */
export type EnvironmentStatus =
  | { readonly status: "ready" }
  | { readonly status: "pending" }
  | { readonly status: "disconnected"; readonly error: string };

type Snapshot = SnapshotFrom<typeof environmentMachine>;

/** What a snapshot of the machine says to people. */
export function environmentStateOf({ value, context: { reason } }: Snapshot): EnvironmentState {
  if (typeof value === "string") return { value, phase: null, reason };
  if ("Ready" in value) return { value: "Ready", phase: value.Ready, reason };
  return { value: "Disconnected", phase: value.Disconnected, reason };
}

/** The states of an environment, beginning with the present one; completes when it is over. */
export function environmentStates(actor: Actor<typeof environmentMachine>): Observable<EnvironmentState> {
  return new Observable<Snapshot>((observer) => {
    observer.next(actor.getSnapshot());
    return actor.subscribe(observer);
  }).pipe(
    map(environmentStateOf),
    distinctUntilChanged((a, b) => a.value === b.value && a.phase === b.phase && a.reason === b.reason),
  );
}

/** The classification of 07 E-40. */
export function statusOf({ value, phase, reason }: EnvironmentState): EnvironmentStatus {
  if (phase === "Connected") return { status: "ready" };
  if (value === "Idle" || value === "Starting" || phase === "Reopening") return { status: "pending" };
  if (phase === "Recovering") return { status: "disconnected", error: recoveringText };
  return { status: "disconnected", error: reason ?? "the environment is not connected" };
}

/** What a passive caller hears, and whoever asks for the status. */
export const recoveringText = "exec-server environment is recovering";
export const notReadyText = "exec-server environment is not ready";
