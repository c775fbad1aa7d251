import type { JsonObject } from "../peer/message.ts";
import { ProcessRecord } from "./process-record.ts";

/**
 * The processes of all sessions, once as recorded and once as seen, so that both can be compared. Sessions go by their
 * recorded ids. An id that is used again after its process is closed names a new life.
 */
export class ProcessBook {
  readonly #lives = new Map<string, { recorded: ProcessRecord; seen: ProcessRecord }[]>();
  readonly #waived = new Set<string>();

  /** The current life of a process. */
  current(session: string, processId: string): { readonly recorded: ProcessRecord; readonly seen: ProcessRecord } {
    const lives = this.#livesOf(session, processId);
    return lives.at(-1) ?? this.#begin(lives, processId);
  }

  /** A start was sent: what comes from now on belongs to a new life, if the last one is closed. */
  starting(session: string, processId: string): void {
    const lives = this.#livesOf(session, processId);
    if (lives.at(-1)?.recorded.closedSeq !== undefined) this.#begin(lives, processId);
  }

  /** The start was refused: there is no new life. */
  startRefused(session: string, processId: string): void {
    const lives = this.#livesOf(session, processId);
    const last = lives.at(-1);
    if (last?.recorded.isEmpty && last.seen.isEmpty) lives.pop();
  }

  /** Adds a recorded notification. */
  record(session: string, method: string, params: JsonObject): void {
    this.current(session, String(params.processId)).recorded.addNotification(method, params);
  }

  /** Adds a notification of the server under test. */
  see(session: string, method: string, params: JsonObject): void {
    this.current(session, String(params.processId)).seen.addNotification(method, params);
  }

  /** Says that a process may differ from the recording altogether. */
  waive(session: string, processId: string): void {
    this.#waived.add(key(session, processId));
  }

  /** All lives that are to be compared. */
  *lives(): Iterable<{ readonly recorded: ProcessRecord; readonly seen: ProcessRecord }> {
    for (const [name, lives] of this.#lives) if (!this.#waived.has(name)) yield* lives;
  }

  #livesOf(session: string, processId: string) {
    const name = key(session, processId);
    const lives = this.#lives.get(name) ?? [];
    this.#lives.set(name, lives);
    return lives;
  }

  #begin(lives: { recorded: ProcessRecord; seen: ProcessRecord }[], processId: string) {
    const life = { recorded: new ProcessRecord(processId), seen: new ProcessRecord(processId) };
    lives.push(life);
    return life;
  }
}

const key = (session: string, processId: string) => JSON.stringify([session, processId]);
