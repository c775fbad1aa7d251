import { callLimits } from "../../src/actors/call-table.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ChildSignal } from "../../src/ports/process-host.ts";
import { SessionBook } from "./session-book.ts";

/** What a watch needs of its world. */
export interface WireWatchOptions {
  readonly clock: Clock;
  readonly sessionTtlMs: number;
  /** The executor offers no extensions: no client may use any. */
  readonly isPlain: boolean;
  violate(invariant: string, text: string): void;
}

interface Asked {
  readonly method: string;
  readonly processId: string;
  readonly isUnbounded: boolean;
}

interface Watched {
  readonly name: string;
  readonly unanswered: Map<string, Asked>;
  resumes: string | null;
  sessionId: string | null;
  /** The session of another link that it asks to observe, by its key. */
  wantsToObserve: string | null;
  /** The one that it observes. */
  observes: string | null;
  hasInitialized: boolean;
  isGone: boolean;
  /** The first call that only an installed connection may carry (I-20). */
  firstCall: string | null;
  /** By process id, up to which number a read answered over this link made everything known (I-21). */
  readonly readUpTo: Map<string, number>;
}

/** What goes over a candidate (03 CL-11, CL-40, CL-44). */
const callsOfCandidate = new Set(["initialize", "process/read", "process/terminate"]);
/** What the reference knows: its methods, and so much of their params. */
const isReferences =
  /^(initialize|environment\/info|process\/(start|read|write|signal|terminate)|fs\/(readFile|writeFile|createDirectory|getMetadata|canonicalize|readDirectory|remove|copy)|http\/request)$/;
const extendedParams = /"(startId|idempotencyKey|ackSeq)":[^n]/;
/** How a signal can be asked for. */
const ordersOf: Partial<Record<ChildSignal, readonly string[]>> = {
  SIGINT: ["process/signal", "process/kill"],
  SIGKILL: ["process/terminate", "process/kill"],
};

/** Reads along on every link, and holds what can be seen there: requests and answers, sessions and who holds them. */
export class WireWatch {
  readonly book: SessionBook;
  readonly #options: WireWatchOptions;
  readonly #links = new Map<string, Watched>();
  /** By observer key, the session. */
  readonly #observable = new Map<string, string>();
  /** By process id, every method that was asked for it. */
  readonly #orders = new Map<string, Set<string>>();

  constructor(options: WireWatchOptions) {
    this.#options = options;
    this.book = new SessionBook(options.clock, options.sessionTtlMs);
  }

  /** The client's end of a link sends a message. */
  asked(link: string, text: string): void {
    const watched = this.#watched(link);
    const [, id, method] = /^\{"id":(\d+),"method":"([^"]+)"/.exec(text) ?? [];
    if (id === undefined || method === undefined) {
      if (text.startsWith('{"method":"initialized"')) watched.hasInitialized = true;
      return;
    }
    const { violate, isPlain } = this.#options;
    if (isPlain && (!isReferences.test(method) || extendedParams.test(text))) {
      violate("03 11", `${link} uses an extension that was not offered: ${method}`);
    }
    const processId = /"processId":"([^"]+)"/.exec(text)?.[1] ?? "";
    if (method === "initialize") watched.resumes = /"resumeSessionId":"([^"]+)"/.exec(text)?.[1] ?? null;
    else if (!callsOfCandidate.has(method)) watched.firstCall ??= method;
    if (processId !== "") this.#ordered(watched, processId, method, text);
    if (method === "session/observe") {
      watched.wantsToObserve = this.#observable.get(/"observerKey":"([^"]+)"/.exec(text)?.[1] ?? "") ?? null;
    }
    if (method === "session/end" && watched.sessionId !== null) this.book.of(watched.sessionId).mayHaveEnded = true;
    watched.unanswered.set(id, { method, processId, isUnbounded: text.includes('"maxBytes":null') });
    const { size } = watched.unanswered;
    if (size > callLimits.inFlight) violate("I-27", `${size} requests are unanswered on ${link}`);
  }

  /** The executor's end of a link sends a message. */
  answered(link: string, text: string): void {
    const watched = this.#watched(link);
    if (text.startsWith('{"method"')) return this.#notified(watched, text);
    const id = /^\{"id":(\d+)/.exec(text)?.[1] ?? /"id":(-?\d+)\}$/.exec(text)?.[1] ?? "";
    if (id === "-1") return; // to something that was no request
    const asked = watched.unanswered.get(id);
    if (!watched.unanswered.delete(id) || asked === undefined) {
      return this.#options.violate("8", `${link}: request ${id} is answered, and waits for nothing`);
    }
    const isError = text.startsWith('{"error"');
    if (asked.method === "initialize") this.#initialized(watched, text, isError);
    if (asked.method === "session/observe" && !isError) this.#observes(watched);
    if (asked.method === "process/read" && !isError) noteRead(watched, asked, text);
    if (asked.method === "session/end" && !isError) this.#ended(watched);
    if (asked.method === "session/list") this.#listed(watched, text);
  }

  /** The executor's end of a link is over, as far as the executor is concerned. */
  gone(link: string): void {
    const watched = this.#watched(link);
    watched.isGone = true;
    if (watched.sessionId === null) return;
    if (this.book.of(watched.sessionId).holder === link) this.book.detached(watched.sessionId);
  }

  /** The executor signals a process: somebody must have asked for it, or its session be over (6). */
  signalled(program: string, signal: ChildSignal): void {
    const tenure = this.book.sessionOf(program);
    if (tenure === undefined || tenure.mayHaveEnded || tenure.endsAtMs !== null || tenure.isLeft) return;
    if (this.book.endOf(tenure) !== null) return;
    const orders = ordersOf[signal] ?? ["process/kill"];
    for (const [processId, name] of tenure.processes) {
      if (name === program && orders.some((order) => this.#orders.get(processId)?.has(order))) return;
    }
    this.#options.violate("6", `${program} gets ${signal}, and nobody asked for it`);
  }

  /** What only an installed connection may carry was sent over this link. */
  firstCallOver(link: string): string | null {
    return this.#watched(link).firstCall;
  }

  /** Has the client completed its handshake over this link? */
  hasInitialized(link: string): boolean {
    return this.#watched(link).hasInitialized;
  }

  /** Up to which number a read over this link told of a process; `undefined`: none was answered. */
  readUpTo(link: string, processId: string): number | undefined {
    return this.#watched(link).readUpTo.get(processId);
  }

  /** What still waits for an answer. */
  unansweredOver(link: string): readonly string[] {
    return [...this.#watched(link).unanswered.values()].map(({ method }) => method);
  }

  #notified(watched: Watched, text: string): void {
    const { violate } = this.#options;
    const { name, observes } = watched;
    const sessionId = observes ?? watched.sessionId;
    if (sessionId === null || (observes === null && this.book.of(sessionId).holder !== name)) {
      return violate("I-10", `${name} gets an event of a session that it does not hold`);
    }
    const processId = /"processId":"([^"]+)"/.exec(text)?.[1];
    if (processId !== undefined && !this.book.of(sessionId).processes.has(processId)) {
      violate("I-15", `${name} gets an event of ${processId}, which is another session's`);
    }
  }

  /** It observes from now on, and its own session is over. */
  #observes(watched: Watched): void {
    watched.observes = watched.wantsToObserve;
    this.#ended(watched);
  }

  #ended({ sessionId }: Watched): void {
    if (sessionId !== null) this.book.of(sessionId).endsAtMs = this.#options.clock.now();
  }

  #listed({ name, sessionId }: Watched, text: string): void {
    for (const [, processId = ""] of text.matchAll(/"processId":"([^"]+)"/g)) {
      if (sessionId !== null && this.book.of(sessionId).processes.has(processId)) continue;
      this.#options.violate("I-15", `${name} is told of ${processId}, which is another session's`);
    }
  }

  #ordered(watched: Watched, processId: string, method: string, text: string): void {
    const orders = this.#orders.get(processId) ?? new Set();
    this.#orders.set(processId, orders.add(method));
    const [, program] = /"argv":\["([^"]+)"/.exec(text) ?? [];
    if (method !== "process/start" || program === undefined || watched.sessionId === null) return;
    this.book.of(watched.sessionId).processes.set(processId, program);
  }

  /** A resume succeeds if and only if the session is there, free, and not at its deadline (I-11, I-13). */
  #initialized(watched: Watched, text: string, isError: boolean): void {
    const { violate } = this.#options;
    const { name, resumes } = watched;
    const state = resumes === null ? "free" : this.book.stateOf(resumes);
    if (isError) {
      const wanted = text.includes("-32010") ? "held" : "unknown";
      const mayHaveEnded = resumes !== null && this.book.sessions.get(resumes)?.mayHaveEnded === true;
      if (state !== wanted && !mayHaveEnded)
        violate("I-11", `${name} is refused as if the session were ${wanted}, and it is ${state}`);
      return;
    }
    const sessionId = /"sessionId":"([^"]+)"/.exec(text)?.[1] ?? "";
    if (watched.isGone) violate("I-10", `${name} gets a session when it is over`);
    if (resumes !== null && resumes !== sessionId) violate("F-11", `${name} resumes another session`);
    if (state !== "free") violate("I-11", `${name} resumes a session that is ${state}`);
    const tenure = this.book.of(sessionId);
    watched.sessionId = sessionId;
    const key = /"observerKey":"([^"]+)"/.exec(text)?.[1];
    if (key !== undefined) this.#observable.set(key, sessionId);
    tenure.holder = name;
    tenure.deadlineMs = null;
  }

  #watched(name: string): Watched {
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const watched: Watched = {
      name,
      unanswered: new Map(),
      resumes: null,
      sessionId: null,
      wantsToObserve: null,
      observes: null,
      hasInitialized: false,
      isGone: false,
      firstCall: null,
      readUpTo: new Map(),
    };
    this.#links.set(name, watched);
    return watched;
  }
}

/** An unbounded read tells of everything, a page of what is on it. */
function noteRead({ readUpTo }: Watched, { processId, isUnbounded }: Asked, text: string): void {
  const chunks = [...text.matchAll(/\{"seq":(\d+),/g)];
  const nextSeq = Number(/"nextSeq":(\d+)/.exec(text)?.[1] ?? 1);
  const lastSeq = isUnbounded || chunks.length === 0 ? nextSeq - 1 : Number(chunks.at(-1)?.[1]);
  readUpTo.set(processId, Math.max(readUpTo.get(processId) ?? 0, lastSeq));
}
