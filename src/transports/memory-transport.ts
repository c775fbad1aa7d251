import type { Transport, TransportEnd, TransportListener } from "../ports/transport.ts";
import { Inbox } from "./inbox.ts";
import { DrainWatch } from "./water-marks.ts";

/** How a pair delivers. */
export interface MemoryTransportOptions {
  /**
   * Runs `deliver` later, never inside the call; default `queueMicrotask`. It is called once for each thing under way, and
   * each `deliver` takes the oldest thing that is still under way in its direction: a scheduler can delay, not reorder.
   */
  readonly schedule?: ((deliver: () => void) => void) | undefined;
}

/**
 * Two linked ends within one process, first the client's, then the executor's. They behave like the two ends of a
 * websocket: messages in order and never inside the call that sent them, `queuedBytes` counts what the other end has not
 * taken (so a paused owner fills it), `close` lets what was sent before arrive, `destroy` loses what is under way. Bytes
 * are handed over, not copied. There is no bound here: as with a socket, the sender stops above `HIGH_WATER_BYTES`.
 */
export function memoryTransportPair(options: MemoryTransportOptions = {}): [client: Transport, executor: Transport] {
  const schedule = options.schedule ?? queueMicrotask;
  const client = new MemoryTransport("memory client", schedule);
  const executor = new MemoryTransport("memory executor", schedule);
  client.link(executor);
  executor.link(client);
  return [client, executor];
}

/** Something on its way to the other end: a message, a sign of life, the end. */
interface UnderWay {
  readonly bytes: number;
  readonly arrive: (other: MemoryTransport) => void;
}

type Schedule = (deliver: () => void) => void;

class MemoryTransport implements Transport {
  readonly kind = "memory";
  readonly #name: string;
  readonly #schedule: Schedule;
  readonly #underWay: UnderWay[] = [];
  readonly #drain = new DrainWatch();
  readonly #inbox: Inbox;
  #other: MemoryTransport = this;
  #queuedBytes = 0;
  #closed = false;

  constructor(name: string, schedule: Schedule) {
    this.#name = name;
    this.#schedule = schedule;
    this.#inbox = new Inbox({
      schedule,
      delivered: (bytes) => this.#other.#taken(bytes),
      endOvertakes: true,
    });
  }

  get peer(): string {
    return this.#other.#name;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Completes the pair. */
  link(other: MemoryTransport): void {
    this.#other = other;
  }

  open(listener: TransportListener): void {
    this.#inbox.open(listener);
  }

  send(message: string | Uint8Array): void {
    if (this.#closed) return;
    const bytes = typeof message === "string" ? Buffer.byteLength(message) : message.length;
    this.#queuedBytes += bytes;
    this.#drain.rose(this.#queuedBytes);
    this.#toOther((other) => {
      other.#inbox.heard();
      other.#inbox.push(message, bytes);
    }, bytes);
  }

  ping(): void {
    if (this.#closed) return;
    this.#toOther((other) => {
      other.#inbox.heard();
      if (!other.#closed) other.#toOther((self) => self.#inbox.heard());
    });
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox.stop();
    const end = { code, reason };
    this.#toOther((other) => other.#endWith(end));
    this.#schedule(() => this.#inbox.end(end));
  }

  destroy(): void {
    this.#loseUnderWay();
    this.#other.#loseUnderWay();
    this.#closed = true;
    this.#inbox.stop();
    this.#schedule(() => this.#inbox.end({ code: 1006, reason: "destroyed by this end" }));
    this.#toOther((other) => other.#endWith({ code: 1006, reason: "connection lost without a close frame" }));
  }

  #toOther(arrive: (other: MemoryTransport) => void, bytes = 0): void {
    this.#underWay.push({ bytes, arrive });
    this.#schedule(() => this.#underWay.shift()?.arrive(this.#other));
  }

  #loseUnderWay(): void {
    for (const { bytes } of this.#underWay.splice(0)) this.#queuedBytes -= bytes;
  }

  #endWith(end: TransportEnd): void {
    this.#closed = true;
    this.#inbox.end(end);
  }

  #taken(bytes: number): void {
    this.#queuedBytes -= bytes;
    if (this.#drain.fell(this.#queuedBytes)) this.#schedule(() => this.#inbox.drained());
  }
}
