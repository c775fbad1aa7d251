import type { Transport, TransportListener } from "../../src/ports/transport.ts";
import { encodeNotification, encodeRequest } from "../../src/protocol/envelope.ts";
import type { ScriptedExecutor } from "./scripted-executor.ts";

/** A message that was sent as bytes which the executor wants to use again. */
export interface Sent {
  readonly bytes: Uint8Array;
  /** The kernel has taken them. */
  readonly done: () => void;
}

/** The executor's end of a connection that shows where its messages lie. */
export class ShownTransport implements Transport {
  readonly kind = "memory";
  readonly peer = "the test";
  readonly queuedBytes = 0;
  /** Everything that was sent, as text. */
  readonly texts: string[] = [];
  #listener: TransportListener | undefined;
  #next = Promise.withResolvers<Sent>();
  #lastId = 0;

  /** A connection with a session. */
  static connect({ executor }: ScriptedExecutor): ShownTransport {
    const transport = new ShownTransport();
    void executor.accept(transport);
    transport.request("initialize", { clientName: "test" });
    transport.#listener?.message(encodeNotification("initialized", {}));
    return transport;
  }

  request(method: string, params: unknown): void {
    this.#lastId += 1;
    this.#listener?.message(encodeRequest(this.#lastId, method, params));
  }

  /** The next message as bytes. */
  next(): Promise<Sent> {
    this.#next = Promise.withResolvers();
    return this.#next.promise;
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
  }
  send(message: string | Uint8Array, done?: () => void): void {
    this.texts.push(message.toString());
    if (typeof message !== "string" && done !== undefined) this.#next.resolve({ bytes: message, done });
  }
  pause(): void {}
  resume(): void {}
  ping(): void {}
  close(): void {}
  destroy(): void {}
}
