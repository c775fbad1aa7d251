import type { WebSocket } from "ws";
import { decodeBase64 } from "../protocol/base64.ts";
import { FeedEncoder } from "./feed-encoder.ts";
import type { AnswerMessage, HelloMessage } from "./feed-format.ts";
import type { HistoryLog } from "./history-log.ts";
import { HistoryReader } from "./history-reader.ts";
import type { Observatory, Watcher } from "./observatory.ts";
import { OutputTap } from "./output-tap.ts";
import type { OutputRecord } from "./records.ts";
import { type ActingRequest, isActing, type ViewerRequest, viewerRequest } from "./viewer-requests.ts";
import type { WatchedActor } from "./watched-actor.ts";

/** Bounds of one viewer. */
export const viewerLimits = {
  /** What its socket may hold that it has not read; above it nothing more is sent, and it misses what it falls behind. */
  queuedBytes: 1024 * 1024,
  /** Processes whose output it follows at once. */
  follows: 32,
  /** Output of one process in one pulse. */
  outputBytes: 128 * 1024,
} as const;

/** Where a viewer was when its last connection ended. */
interface Place {
  readonly history: number;
  readonly at: number;
}

/** The place in the query of a connection; `null`: a viewer that knows nothing yet. */
export function placeIn(query: URLSearchParams): Place | null {
  const [history, at] = ["history", "at"].map((name) => {
    const text = query.get(name) ?? "";
    return /^\d{1,15}$/.test(text) ? Number(text) : null;
  });
  return typeof history === "number" && typeof at === "number" ? { history, at } : null;
}

/**
 * One page that watches: gets the history as it goes on, in messages of `feed-format.ts`, and the output of what it follows. Whatever it
 * says or does, it slows nothing down, and without control it changes nothing.
 */
export class FeedViewer implements Watcher {
  readonly #socket: WebSocket;
  readonly #observatory: Observatory;
  readonly #control: boolean;
  readonly #watching: { readonly log: HistoryLog } & Disposable;
  readonly #reader: HistoryReader;
  readonly #encoder: FeedEncoder;
  readonly #taps = new Map<number, OutputTap>();
  #isPumping = false;

  constructor(socket: WebSocket, observatory: Observatory, options: { control: boolean; place: Place | null }) {
    const { control, place } = options;
    this.#socket = socket;
    this.#observatory = observatory;
    this.#control = control;
    const watching = observatory.watch(this);
    this.#watching = watching;
    this.#encoder = new FeedEncoder(watching.log);
    const isSameHistory = place !== null && place.history === observatory.history;
    this.#reader = new HistoryReader(watching.log, isSameHistory ? place.at : null);
    const resumed = isSameHistory && this.#reader.at === place.at;
    socket.on("message", (data, isBinary) => this.#requested(isBinary ? "" : data.toString()));
    socket.on("close", () => watching[Symbol.dispose]());
    // A peer that breaks the protocol is closed by `ws`; that is all there is to do about it.
    socket.on("error", () => socket.terminate());
    const { history, header } = observatory;
    const hello: HelloMessage = { kind: "hello", v: 1, history, resumed, control, header };
    this.#send(JSON.stringify(hello));
    this.#pump();
  }

  pulse(): void {
    this.#pump();
    for (const [actor, tap] of this.#taps) {
      if (this.#isFull) return;
      this.#sendRecords(tap.take(this.#watching.log.now, viewerLimits.outputBytes));
      if (tap.isOver) this.#taps.delete(actor); // what was left has been told
    }
  }

  printed(actor: WatchedActor): void {
    const tap = this.#taps.get(actor.number);
    for (let told = true; tap !== undefined && told && !this.#isFull; ) {
      const records = tap.take(this.#watching.log.now, viewerLimits.outputBytes);
      told = records.length > 0;
      this.#sendRecords(records);
    }
  }

  get #isFull(): boolean {
    return this.#socket.bufferedAmount > viewerLimits.queuedBytes;
  }

  /** Sends what there is, one piece in each turn of the event loop, as long as the socket takes it. */
  #pump(): void {
    if (this.#isPumping || this.#isFull || this.#socket.readyState !== this.#socket.OPEN) return;
    const passage = this.#reader.next();
    if (passage === null) return;
    this.#send(this.#encoder.encode(passage));
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #send(text: string): void {
    this.#socket.send(text, () => {
      if (!this.#isFull) this.#pump();
    });
  }

  #sendRecords(records: readonly OutputRecord[]): void {
    if (records.length > 0) this.#socket.send(`{"kind":"records","records":${JSON.stringify(records)}}`);
  }

  #requested(text: string): void {
    // Whoever asks and does not read gets no more answers.
    if (this.#isFull) return this.#socket.terminate();
    const asked = viewerRequest.safeParse(parsed(text));
    if (!asked.success) return this.#answer(null, "no such request");
    const { id = null } = asked.data;
    this.#carryOut(asked.data).then(
      () => this.#answer(id),
      (error: unknown) => this.#answer(id, error instanceof Error ? error.message : String(error)),
    );
  }

  async #carryOut(request: ViewerRequest): Promise<void> {
    if (isActing(request)) return this.#act(request);
    if (request.type === "unfollow") return void this.#taps.delete(request.actor);
    const actor = this.#observatory.hub.find(request.actor);
    if (actor?.entity.keptOutput === undefined) throw new Error("there is no such process, or it prints nothing");
    if (this.#taps.size >= viewerLimits.follows) throw new Error(`at most ${viewerLimits.follows} can be followed`);
    this.#taps.set(request.actor, new OutputTap(actor, { afterSeq: request.afterSeq ?? 0 }));
  }

  async #act(request: ActingRequest): Promise<void> {
    if (!this.#control) throw new Error("this inspector only shows; it was started without control");
    const control = this.#observatory.hub.find(request.actor)?.entity.control;
    if (control === undefined) throw new Error("there is no such process");
    switch (request.type) {
      case "terminate":
        return control.terminate();
      case "signal":
        return control.signal(request.signal);
      case "write": {
        const bytes = decodeBase64(request.base64);
        if (bytes === undefined) throw new Error("what is to be written is not base64");
        await control.write(bytes);
      }
    }
  }

  #answer(id: number | null, error?: string): void {
    const answer: AnswerMessage = { kind: "answer", id, ...(error !== undefined && { error }) };
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(answer));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no request at all, and answered like any other that makes no sense
  }
}
