import { once } from "node:events";
import { WebSocket } from "ws";
import { FeedDecoder } from "../../src/inspector/feed-decoder.ts";
import type { AnswerMessage, HelloMessage } from "../../src/inspector/feed-format.ts";
import type { HistoryRecord } from "../../src/inspector/records.ts";

/** Exchanges the token of an inspector's URL, as the page does, and gives what a browser would send from then on. */
export async function letIn(url: string): Promise<{ readonly origin: string; readonly cookie: string }> {
  const { origin, hash } = new URL(url);
  const token = new URLSearchParams(hash.slice(1)).get("token");
  const answer = await fetch(`${origin}/session`, {
    method: "POST",
    headers: { origin },
    body: JSON.stringify({ token }),
  });
  if (answer.status !== 204) throw new Error(`not let in: ${answer.status}`);
  return { origin, cookie: answer.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
}

/** A page without a browser: it follows the feed, and keeps what it heard. */
export class Viewer implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly records: HistoryRecord[] = [];
  readonly answers: AnswerMessage[] = [];
  readonly #decoder: FeedDecoder;
  readonly #looks = new Set<() => void>();
  hello: HelloMessage | null = null;

  constructor({ origin, cookie }: { origin: string; cookie: string }, decoder = new FeedDecoder()) {
    this.#decoder = decoder;
    const url = `${origin.replace("http", "ws")}/feed${decoder.resumption}`;
    this.socket = new WebSocket(url, { headers: { origin, cookie } });
    this.socket.on("message", (data) => {
      const { hello, records, answer } = decoder.decode(data.toString());
      if (hello !== null) this.hello = hello;
      this.records.push(...records);
      if (answer !== null) this.answers.push(answer);
      for (const look of [...this.#looks]) look();
    });
  }

  /** What a page would go on with after a lost connection. */
  get decoder(): FeedDecoder {
    return this.#decoder;
  }

  ask(request: object): void {
    this.socket.send(JSON.stringify(request));
  }

  /** Resolves with the first record of a kind that fits, also one that is there already. */
  async seen<Kind extends HistoryRecord["kind"]>(
    kind: Kind,
    fits: (record: Extract<HistoryRecord, { kind: Kind }>) => boolean = () => true,
  ): Promise<Extract<HistoryRecord, { kind: Kind }>> {
    type Wanted = Extract<HistoryRecord, { kind: Kind }>;
    return this.until(() =>
      this.records.find((record): record is Wanted => record.kind === kind && fits(record as Wanted)),
    );
  }

  /** Resolves with what a look gives, once it gives something. */
  async until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        const ended = () => reject(new Error("the feed has ended"));
        const again = () => {
          this.#looks.delete(again);
          this.socket.off("close", ended);
          resolve();
        };
        this.#looks.add(again);
        this.socket.once("close", ended);
      });
    }
  }

  async answered(id: number): Promise<AnswerMessage> {
    return this.until(() => this.answers.find((answer) => answer.id === id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.readyState === this.socket.CLOSED) return;
    this.socket.terminate();
    await once(this.socket, "close");
  }
}
