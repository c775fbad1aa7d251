import type { Clock } from "../../src/ports/clock.ts";
import type { Transport } from "../../src/ports/transport.ts";
import type { SimPath } from "./sim-path.ts";

/** Between two attempts. */
const attemptEveryMs = 100;
/** From the first attempt to giving up. */
const patienceMs = 3_000;

/** Somebody who knows a session id, and tries to resume the session while another holds it. */
export class SimThief {
  readonly #clock: Clock;
  readonly #path: SimPath;
  readonly #sessionId: string;
  readonly #holdsForMs: number;
  readonly #untilMs: number;

  constructor(clock: Clock, path: SimPath, sessionId: string, holdsForMs: number) {
    this.#clock = clock;
    this.#path = path;
    this.#sessionId = sessionId;
    this.#holdsForMs = holdsForMs;
    this.#untilMs = clock.now() + patienceMs;
  }

  /** Tries once more, or the first time, at some moment. */
  stealAt(atMs: number): void {
    this.#clock.setTimeout(() => void this.steal(), Math.max(0, atMs - this.#clock.now()));
  }

  /** Tries until it has the session for its time, or gives up. */
  async steal(): Promise<void> {
    let transport: Transport;
    try {
      transport = await this.#path.dial(new AbortController().signal);
    } catch {
      return; // nobody is there: nothing to steal
    }
    const params = { clientName: "thief", resumeSessionId: this.#sessionId };
    transport.open({
      message: (data) => this.#answered(transport, String(data)),
      heard: () => undefined,
      drained: () => undefined,
      ended: () => undefined,
    });
    transport.send(`{"id":1,"method":"initialize","params":${JSON.stringify(params)}}`);
  }

  #answered(transport: Transport, text: string): void {
    if (text.startsWith('{"method"')) return;
    if (text.includes('"result"')) {
      transport.send('{"method":"initialized","params":{}}');
      this.#clock.setTimeout(() => transport.destroy(), this.#holdsForMs);
      return;
    }
    transport.destroy();
    const mayComeFree = text.includes("-32010") && this.#clock.now() < this.#untilMs;
    if (mayComeFree) this.#clock.setTimeout(() => void this.steal(), attemptEveryMs);
  }
}
