import type { Clock } from "../../src/ports/clock.ts";

/** What is known of a session from what goes over the wire. */
export interface Tenure {
  holder: string | null;
  /** When it ends if nobody resumes it. */
  deadlineMs: number | null;
  /** When it ended, told to. */
  endsAtMs: number | null;
  /** Its executor ended, and has left it to the next one. */
  isLeft: boolean;
  /** It was told to end; whether it heard of it remains to be seen. */
  mayHaveEnded: boolean;
  /** The processes that it was asked to start: their programs, by id. */
  readonly processes: Map<string, string>;
}

/** Keeps book of all sessions: who holds which, until when, and which processes are theirs (I-10, I-11, I-15). */
export class SessionBook {
  readonly sessions = new Map<string, Tenure>();
  readonly #clock: Clock;
  readonly #sessionTtlMs: number;
  readonly #waiting = new Map<string, (deadlineMs: number) => void>();

  constructor(clock: Clock, sessionTtlMs: number) {
    this.#clock = clock;
    this.#sessionTtlMs = sessionTtlMs;
  }

  /** A session; unknown ones begin here. */
  of(sessionId: string): Tenure {
    const known = this.sessions.get(sessionId);
    if (known !== undefined) return known;
    const tenure: Tenure = {
      holder: null,
      deadlineMs: null,
      endsAtMs: null,
      isLeft: false,
      mayHaveEnded: false,
      processes: new Map(),
    };
    this.sessions.set(sessionId, tenure);
    return tenure;
  }

  /** Its holder is gone. */
  detached(sessionId: string): void {
    const tenure = this.of(sessionId);
    tenure.holder = null;
    tenure.deadlineMs = this.#clock.now() + this.#sessionTtlMs;
    this.#waiting.get(sessionId)?.(tenure.deadlineMs);
    this.#waiting.delete(sessionId);
  }

  /** Calls back once, when the session is next detached. */
  whenDetached(sessionId: string, then: (deadlineMs: number) => void): void {
    this.#waiting.set(sessionId, then);
  }

  /**
   * All of them end, with their executor, which gives their processes some time: those too whose deadline came at this very
   * moment, or while it was asleep.
   */
  siteEnds(graceMs: number): void {
    for (const tenure of this.sessions.values()) tenure.endsAtMs ??= this.#clock.now() + graceMs;
  }

  /**
   * Their executor ends, and leaves to the next one what is in its journal. Of one that should be over and is there, since its
   * processes have not died yet or its executor was asleep, nobody can say whether it comes back.
   */
  siteLeaves(isWritten: (sessionId: string) => boolean): void {
    for (const [sessionId, tenure] of this.sessions) {
      const isOver = tenure.endsAtMs !== null || this.endOf(tenure) !== null;
      if (isOver && !isWritten(sessionId)) continue;
      tenure.mayHaveEnded ||= isOver;
      tenure.endsAtMs = null;
      tenure.holder = null;
      tenure.deadlineMs = null;
      tenure.isLeft = true;
    }
  }

  /** The next executor begins: those that were left to it have their whole time before them. */
  siteReturns(): void {
    for (const [sessionId, tenure] of this.sessions) {
      if (!tenure.isLeft) continue;
      tenure.isLeft = false;
      this.detached(sessionId);
    }
  }

  /** When a session was over, or `null` as long as it is not. */
  endOf({ deadlineMs, endsAtMs }: Tenure): number | null {
    // An executor that stops gives its processes their time, whatever the session has left.
    const endMs = endsAtMs ?? deadlineMs ?? Number.POSITIVE_INFINITY;
    return endMs <= this.#clock.now() ? endMs : null;
  }

  /** Could the session be resumed now, and by whom is it held? */
  stateOf(sessionId: string): "unknown" | "held" | "free" {
    const tenure = this.sessions.get(sessionId);
    if (tenure === undefined || tenure.endsAtMs !== null || this.endOf(tenure) !== null) return "unknown";
    return tenure.holder === null ? "free" : "held";
  }

  /** The session that was asked to start a program. */
  sessionOf(program: string): Tenure | undefined {
    for (const tenure of this.sessions.values()) {
      for (const name of tenure.processes.values()) if (name === program) return tenure;
    }
    return undefined;
  }
}
