import { encodeNotification } from "../protocol/envelope.ts";
import { rpcError } from "../protocol/errors.ts";
import type { ObservedListing } from "../protocol/extensions.ts";
import type { RequestName, WireResult } from "../protocol/methods.ts";
import type { OutputPage } from "../protocol/output-page.ts";
import type { PrintedChunk } from "./printed-chunk.ts";
import type { ProcessActor } from "./process-actor.ts";
import type { ReadRequest } from "./process-record.ts";

/** Bounds of observation. */
export const observerLimits = {
  /** Observers of one session; one more is refused. */
  perSession: 16,
  /** What may wait for an observer that does not read, all that is not output included; above it, its connection ends. */
  queuedBytes: 16 * 1024 * 1024,
} as const;

/** What an observer may ask for; all that is not listed is refused, whatever comes to be added. */
const readOnly: ReadonlySet<RequestName> = new Set<RequestName>(["process/read", "session/list"]);

/** @throws RpcError `invalidRequest` for a method that is not for observers */
export function checkObserverMay(method: RequestName): void {
  if (!readOnly.has(method)) throw rpcError("invalidRequest", `observers only read: \`${method}\` is refused`);
}

/** A connection, as the session that it observes sees it. */
export interface ObserverConnection {
  /** Sends a frame; false: the peer reads too slowly. */
  push(frame: string): boolean;
  /** What the peer has not taken yet. */
  readonly queuedBytes: number;
  /** There is nothing more to observe: end in order, with this close code. */
  observationEnded(code: number, reason: string): void;
}

/** The session that is observed, as its observer sees it. */
export interface ObservedSession {
  /** The processes by id. */
  readonly processes: ReadonlyMap<string, ProcessActor>;
  /** This observer is gone. */
  unobserve(observer: SessionObserver): void;
}

/**
 * One connection that observes a session (03 section 11). It is told of every process that starts, of every exit and every
 * close; output it gets pushed once it has read the process to its end, so that what it does not care for costs nothing.
 *
 * It never holds anybody back. While its queue is full output is left out; from then on it is behind with that process, is
 * told so when its queue has drained, and gets pushes again when it has read the rest. So what is missing on its side is
 * always either in the record or gone from it, and it knows that there is something to read.
 */
export class SessionObserver {
  readonly session: ObservedSession;
  readonly #connection: ObserverConnection;
  /** Read to the end: their output is pushed. At most as many as the session has processes. */
  readonly #followed = new Set<ProcessActor>();
  /** Output of these was left out since the queue was full; the observer does not know yet. */
  readonly #untold = new Set<ProcessActor>();
  #isCongested = false;

  constructor(session: ObservedSession, connection: ObserverConnection) {
    this.session = session;
    this.#connection = connection;
  }

  /** The processes as `session/observe` answers them; one that is still starting is told of when it has started. */
  list(): WireResult<"session/observe"> {
    const listings = [...this.session.processes.values()].map(listingOf);
    const started = listings.filter(({ state }) => state !== "starting");
    return { processes: started.sort((a, b) => a.ordinal - b.ordinal) };
  }

  /** A process has started. */
  started(process: ProcessActor): void {
    this.tell(encodeNotification("session/process", listingOf(process)));
  }

  /** A process has printed something. */
  output(process: ProcessActor, chunk: PrintedChunk): void {
    if (!this.#followed.has(process)) return;
    if (!this.#isCongested) {
      this.#isCongested = !this.#connection.push(chunk.text);
      return;
    }
    this.#followed.delete(process);
    this.#untold.add(process);
  }

  /** Something has happened that is no output; it is told in any case. */
  tell(frame: string): void {
    this.#isCongested = !this.#connection.push(frame);
    if (this.#connection.queuedBytes <= observerLimits.queuedBytes) return;
    this.#connection.observationEnded(1008, "the observer does not read what it is sent");
  }

  /** Its queue is low again. */
  drained(): void {
    this.#isCongested = false;
    for (const process of this.#untold) this.started(process);
    this.#untold.clear();
  }

  /** Reads for it. From the moment in which it has all there is, the rest is pushed: nothing can come in between. */
  async read(process: ProcessActor, request: ReadRequest, signal: AbortSignal): Promise<OutputPage> {
    await process.news(request, signal);
    const page = process.peek(request);
    if (process.endsWith(page)) this.#followed.add(process);
    return page;
  }

  /** A process is gone for good. */
  forget(process: ProcessActor): void {
    this.#followed.delete(process);
    this.#untold.delete(process);
  }

  /** The session is over. */
  end(): void {
    this.tell(encodeNotification("session/ended", {}));
    this.#connection.observationEnded(1000, "the observed session is over");
  }

  /** The connection is gone. */
  leave(): void {
    this.session.unobserve(this);
  }
}

function listingOf(process: ProcessActor): ObservedListing {
  return { ...process.listing, ordinal: process.ordinal };
}
