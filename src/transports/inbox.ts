import type { TransportEnd, TransportListener } from "../ports/transport.ts";

interface Held {
  readonly message: string | Uint8Array;
  readonly bytes: number;
}

/** How an {@link Inbox} is wired. */
export interface InboxOptions {
  /** Runs a delivery later, never inside the call that asked for it; default `queueMicrotask`. */
  readonly schedule?: (deliver: () => void) => void;
  /** A message of that many bytes has left the inbox. */
  readonly delivered?: (bytes: number) => void;
  /** A paused owner hears of the end at once, and what it has not taken is dropped; default: it takes that first. */
  readonly endOvertakes?: boolean;
}

/**
 * The listener's side of a transport: holds messages until the owner has opened it and while it is paused, keeps their
 * order, and reports the end once. It has no bound of its own: the transport stops reading when `heldBytes` grows.
 */
export class Inbox {
  readonly #schedule: (deliver: () => void) => void;
  readonly #delivered: (bytes: number) => void;
  readonly #endOvertakes: boolean;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #listener: TransportListener | null = null;
  #paused = false;
  #stopped = false;
  #flushScheduled = false;
  #end: TransportEnd | null = null;
  #endReported = false;

  constructor(options: InboxOptions = {}) {
    this.#schedule = options.schedule ?? queueMicrotask;
    this.#delivered = options.delivered ?? (() => undefined);
    this.#endOvertakes = options.endOvertakes ?? false;
  }

  /** Bytes of messages that wait for `open` or `resume`. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Nothing will be delivered any more, but for the end. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Begins delivery; what was held follows in order. */
  open(listener: TransportListener): void {
    if (this.#listener !== null) throw new Error("a transport is opened once");
    this.#listener = listener;
    this.#flushLater();
  }

  /** Holds messages from now on. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on, beginning with what was held. */
  resume(): void {
    this.#paused = false;
    this.#flushLater();
  }

  /** One message of the peer; call it from the event loop only. */
  push(message: string | Uint8Array, bytes: number): void {
    if (this.#stopped || this.#end !== null) {
      this.#delivered(bytes);
    } else if (this.#listener !== null && !this.#paused && this.#held.length === 0) {
      this.#delivered(bytes);
      this.#listener.message(message);
    } else {
      this.#held.push({ message, bytes });
      this.#heldBytes += bytes;
    }
  }

  /** Any byte of the peer; reported while paused too. */
  heard(): void {
    if (this.#end === null) this.#listener?.heard();
  }

  /** The outgoing queue is low again. */
  drained(): void {
    if (this.#end === null) this.#listener?.drained();
  }

  /** Drops what is held and every further message; only the end is still reported. */
  stop(): void {
    this.#stopped = true;
    for (const { bytes } of this.#held.splice(0)) this.#delivered(bytes);
    this.#heldBytes = 0;
  }

  /** The transport ended; the first call counts. The end follows the messages that are still held. */
  end(end: TransportEnd): void {
    this.#end ??= end;
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#flushScheduled || this.#listener === null) return;
    this.#flushScheduled = true;
    this.#schedule(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const listener = this.#listener;
    if (listener === null) return;
    while (!this.#paused) {
      const next = this.#held.shift();
      if (next === undefined) break;
      this.#heldBytes -= next.bytes;
      this.#delivered(next.bytes);
      listener.message(next.message);
    }
    if (this.#end !== null && !this.#endReported && (this.#endOvertakes || this.#held.length === 0)) {
      this.#endReported = true;
      this.stop();
      listener.ended(this.#end);
    }
  }
}
