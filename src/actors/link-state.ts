import { distinctUntilChanged, map, Observable } from "rxjs";
import type { Actor, SnapshotFrom } from "xstate";
import type { linkMachine } from "../machines/link-machine.ts";

/** What a link tells of itself. */
export interface LinkState {
  /** The outer state of its statechart. */
  readonly value: "Connecting" | "Connected" | "Recovering" | "Failed" | "Closed";
  /** Ordinal of the connection in use. */
  readonly generation: number;
  readonly sessionId: string | null;
  /** Why the last connection, or the link, ended; `null` while all is well. */
  readonly reason: string | null;
}

/** What a snapshot of the machine says to people. */
export function linkStateOf({ context, value }: SnapshotFrom<typeof linkMachine>): LinkState {
  const { generation, sessionId, reason } = context;
  const [outer] =
    typeof value === "string" ? [value] : (Object.keys(value) as ("Connecting" | "Connected" | "Recovering")[]);
  return { value: outer ?? "Connecting", generation, sessionId, reason };
}

/** The states of a link, beginning with the present one; completes when the link is over. */
export function linkStates(actor: Actor<typeof linkMachine>): Observable<LinkState> {
  return new Observable<SnapshotFrom<typeof linkMachine>>((observer) => {
    observer.next(actor.getSnapshot());
    return actor.subscribe(observer);
  }).pipe(
    map(linkStateOf),
    distinctUntilChanged((a, b) => a.value === b.value && a.generation === b.generation),
  );
}
