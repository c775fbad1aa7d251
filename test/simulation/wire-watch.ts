import { callLimits } from "../../src/actors/call-table.ts";
import type { Clock } from "../../src/ports/clock.ts";

/** What a watch needs of its world. */
export interface WireWatchOptions {
  readonly clock: Clock;
  readonly sessionTtlMs: number;
  violate(invariant: string, text: string): void;
}

interface Watched {
  /** Method by request id. */
  readonly unanswered: Map<string, string>;
  resumes: string | null;
  sessionId: string | null;
  /** It observes the session of another link, and gets the events of that one. */
  observes: boolean;
  isGone: boolean;
}

interface Tenure {
  holder: string | null;
  /** When the session ends if nobody resumes it. */
  deadlineMs: number | null;
}

/** Reads along on every link, and holds what can be seen there: requests and answers, sessions and who holds them. */
export class WireWatch {
  readonly #options: WireWatchOptions;
  readonly #links = new Map<string, Watched>();
  readonly #sessions = new Map<string, Tenure>();

  constructor(options: WireWatchOptions) {
    this.#options = options;
  }

  /** The client's end of a link sends a message. */
  asked(link: string, text: string): void {
    const [, id, method] = /^\{"id":(\d+),"method":"([^"]+)"/.exec(text) ?? [];
    if (id === undefined || method === undefined) return;
    const watched = this.#watched(link);
    if (method === "initialize") watched.resumes = /"resumeSessionId":"([^"]+)"/.exec(text)?.[1] ?? null;
    watched.unanswered.set(id, method);
    const { size } = watched.unanswered;
    if (size > callLimits.inFlight) this.#options.violate("I-27", `${size} requests are unanswered on ${link}`);
  }

  /** The executor's end of a link sends a message. */
  answered(link: string, text: string): void {
    const watched = this.#watched(link);
    if (text.startsWith('{"method"')) {
      const isHeld = watched.sessionId !== null && this.#tenure(watched.sessionId).holder === link;
      if (!isHeld && !watched.observes)
        this.#options.violate("I-10", `${link} gets an event of a session that it does not hold`);
      return;
    }
    const id = /^\{"id":(\d+)/.exec(text)?.[1] ?? /"id":(\d+)\}$/.exec(text)?.[1] ?? "";
    const method = watched.unanswered.get(id);
    if (!watched.unanswered.delete(id))
      this.#options.violate("8", `${link}: request ${id} is answered, and waits for nothing`);
    const sessionId = /"sessionId":"([^"]+)"/.exec(text)?.[1];
    if (method === "session/observe" && text.includes('"result"')) watched.observes = true;
    if (method === "initialize" && sessionId !== undefined) this.#attached(link, watched, sessionId);
  }

  /** The executor's end of a link is over, as far as the executor is concerned. */
  gone(link: string): void {
    const watched = this.#watched(link);
    watched.isGone = true;
    if (watched.sessionId === null) return;
    const tenure = this.#tenure(watched.sessionId);
    if (tenure.holder !== link) return;
    tenure.holder = null;
    tenure.deadlineMs = this.#options.clock.now() + this.#options.sessionTtlMs;
  }

  #attached(link: string, watched: Watched, sessionId: string): void {
    const { clock, violate } = this.#options;
    if (watched.isGone) violate("I-10", `${link} gets a session when it is over`);
    if (watched.resumes !== null && watched.resumes !== sessionId) violate("F-11", `${link} resumes another session`);
    const tenure = this.#tenure(sessionId);
    if (tenure.holder !== null) violate("I-10", `${link} gets the session that ${tenure.holder} holds`);
    if (tenure.deadlineMs !== null && clock.now() >= tenure.deadlineMs) {
      violate("I-11", `${link} resumes at ${clock.now()}, and the session ended at ${tenure.deadlineMs}`);
    }
    watched.sessionId = sessionId;
    tenure.holder = link;
    tenure.deadlineMs = null;
  }

  #watched(link: string): Watched {
    const fresh = { unanswered: new Map(), resumes: null, sessionId: null, observes: false, isGone: false };
    const watched = this.#links.get(link) ?? fresh;
    this.#links.set(link, watched);
    return watched;
  }

  #tenure(sessionId: string): Tenure {
    const tenure = this.#sessions.get(sessionId) ?? { holder: null, deadlineMs: null };
    this.#sessions.set(sessionId, tenure);
    return tenure;
  }
}
