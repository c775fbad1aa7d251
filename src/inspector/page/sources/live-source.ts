import type { Clock } from "../../../ports/clock.ts";
import { FeedDecoder } from "../../feed-decoder.ts";
import type { ActorNumber, HistoryRecord } from "../../records.ts";
import type { ControlOrder, Source, SourceListener } from "./source.ts";

/** Pauses before a connection is tried again; the last one is repeated. */
const retryMs = [250, 500, 1_000, 2_000];

interface LiveSourceOptions {
  readonly url: string;
  readonly clock: Clock;
  /** Is what happens being written to a file? */
  readonly isRecording: boolean;
}

/** A program that runs, over the feed of its inspector. A connection that is lost is dialled again, and goes on where it was. */
export class LiveSource implements Source {
  readonly #options: LiveSourceOptions;
  readonly #decoder = new FeedDecoder();
  /** Whose output is wanted, with the number of the last piece that came. */
  readonly #followed = new Map<ActorNumber, { seq: number; holders: number }>();
  readonly #answers = new Map<number, PromiseWithResolvers<void>>();
  #listener: SourceListener | null = null;
  #socket: WebSocket | null = null;
  #attempts = 0;
  #requests = 0;
  #retry: unknown = null;

  constructor(options: LiveSourceOptions) {
    this.#options = options;
  }

  start(listener: SourceListener): void {
    this.#listener = listener;
    this.#tell("opening", false);
    this.#dial();
  }

  close(): void {
    this.#listener = null;
    this.#options.clock.clearTimeout(this.#retry);
    this.#socket?.close();
  }

  follow(actor: ActorNumber): () => void {
    const known = this.#followed.get(actor) ?? { seq: 0, holders: 0 };
    this.#followed.set(actor, { ...known, holders: known.holders + 1 });
    if (known.holders === 0) this.#ask(actor, known.seq);
    return () => {
      const { seq, holders } = this.#followed.get(actor) ?? { seq: 0, holders: 1 };
      this.#followed.set(actor, { seq, holders: holders - 1 });
      if (holders === 1) this.#send({ type: "unfollow", actor });
    };
  }

  order(order: ControlOrder): Promise<void> {
    this.#requests += 1;
    const answer = Promise.withResolvers<void>();
    const isSent = this.#send({ ...wireOrder(order), id: this.#requests });
    if (isSent) this.#answers.set(this.#requests, answer);
    else answer.reject(new Error("there is no connection: the order was not sent"));
    return answer.promise;
  }

  #dial(): void {
    const socket = new WebSocket(`${this.#options.url}${this.#decoder.resumption}`);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.#hear(data);
    });
    socket.addEventListener("close", () => this.#lost());
  }

  #hear(text: string): void {
    const { hello, records, answer } = this.#decoder.decode(text);
    if (hello !== null) {
      this.#attempts = 0;
      if (!hello.resumed) {
        this.#listener?.begin(hello.header);
        for (const followed of this.#followed.values()) followed.seq = 0;
      }
      this.#tell("open", hello.control);
      for (const [actor, { seq, holders }] of this.#followed) if (holders > 0) this.#ask(actor, seq);
    }
    if (records.length > 0) {
      this.#countOutput(records);
      this.#listener?.take(records);
    }
    if (answer !== null && answer.id !== null) {
      const waiting = this.#answers.get(answer.id);
      this.#answers.delete(answer.id);
      if (answer.error === undefined) waiting?.resolve();
      else waiting?.reject(new Error(answer.error));
    }
  }

  #lost(): void {
    for (const answer of this.#answers.values()) {
      answer.reject(new Error("the connection was lost: it is not known whether the order was carried out"));
    }
    this.#answers.clear();
    if (this.#listener === null) return;
    this.#tell("retrying", false);
    const pauseMs = retryMs[Math.min(this.#attempts, retryMs.length - 1)] ?? 0;
    this.#attempts += 1;
    this.#retry = this.#options.clock.setTimeout(() => this.#dial(), pauseMs);
  }

  #countOutput(records: readonly HistoryRecord[]): void {
    for (const record of records) {
      const followed = record.kind === "output" ? this.#followed.get(record.actor) : undefined;
      if (followed !== undefined && record.kind === "output") followed.seq = record.seq ?? followed.seq;
    }
  }

  #ask(actor: ActorNumber, afterSeq: number): void {
    this.#send({ type: "follow", actor, afterSeq });
  }

  #send(request: object): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(request));
    return true;
  }

  #tell(connection: "opening" | "open" | "retrying", mayControl: boolean): void {
    this.#listener?.tell({ kind: "live", connection, mayControl, isRecording: this.#options.isRecording });
  }
}

function wireOrder(order: ControlOrder): object {
  const { actor } = order;
  switch (order.kind) {
    case "terminate":
      return { type: "terminate", actor };
    case "signal":
      return { type: "signal", actor, signal: order.signal };
    case "stdin":
      return { type: "write", actor, base64: order.base64 };
  }
}
