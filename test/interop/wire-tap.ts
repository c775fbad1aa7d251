import type { FaultProxy } from "../fault-proxy.ts";

/** Reads what executors send through a proxy. Their frames are not masked, so that the text stands in the bytes as it is. */
export class WireTap {
  /** The sessions that were begun or resumed. */
  readonly sessionIds = new Set<string>();

  readonly #awaited = new Set<{ readonly text: string; resolve(): void }>();
  #text = "";

  constructor(proxy: FaultProxy) {
    proxy.onBytes = (direction, piece) => {
      if (direction === "toClient") this.#read(piece.toString("latin1"));
    };
  }

  /** Resolves as soon as a text has passed, on its way to the client still. */
  passed(text: string): Promise<void> {
    return new Promise((resolve) => this.#awaited.add({ text, resolve }));
  }

  #read(piece: string): void {
    const from = Math.max(0, this.#text.length - 100); // what is looked for may be torn in two
    this.#text += piece;
    const news = this.#text.slice(from);
    for (const [, sessionId = ""] of news.matchAll(/"sessionId":"([^"]+)"/g)) this.sessionIds.add(sessionId);
    for (const awaited of this.#awaited) {
      if (!news.includes(awaited.text)) continue;
      this.#awaited.delete(awaited);
      awaited.resolve();
    }
  }
}
