import { type ConnectOptions, connect } from "../../../src/client/connect.ts";
import type { Link } from "../../../src/client/link.ts";
import type { Transport } from "../../../src/ports/transport.ts";
import { memoryTransportPair } from "../../../src/transports/memory-transport.ts";
import { VirtualClock } from "../../virtual-clock.ts";
import { ScriptedPeer, settled } from "../scripted-link.ts";

/** A line that a test can stall: then nothing arrives, in neither direction. */
class Line {
  readonly #held: (() => void)[] = [];
  isStalled = false;

  readonly schedule = (deliver: () => void): void => {
    if (this.isStalled) this.#held.push(deliver);
    else queueMicrotask(deliver);
  };

  heal(): void {
    this.isStalled = false;
    for (const deliver of this.#held.splice(0)) queueMicrotask(deliver);
  }
}

/** An executor that is played by the test, across any number of connections, on virtual time. */
export class ScriptedDials {
  readonly clock = new VirtualClock();
  readonly faults: unknown[] = [];
  /** One for each dial that succeeded, in order. */
  readonly peers: ScriptedPeer[] = [];
  readonly lines: Line[] = [];
  /** Dials so far, those that were refused included. */
  dials = 0;
  /** When each was made. */
  readonly dialledAtMs: number[] = [];
  /** What the next dials come to. */
  mode: "accept" | "refuse" | "hang" = "accept";
  /** Is `initialize` answered by itself? */
  answersHandshake = true;

  readonly dial = (signal: AbortSignal): Promise<Transport> => {
    this.dials += 1;
    this.dialledAtMs.push(this.clock.now());
    if (this.mode === "refuse") return Promise.reject(new Error("refused"));
    if (this.mode === "hang") {
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    }
    const line = new Line();
    const [client, executor] = memoryTransportPair({ schedule: line.schedule });
    this.lines.push(line);
    this.peers.push(new ScriptedPeer(executor, this.answersHandshake));
    return Promise.resolve(client);
  };

  /** Connects a link. */
  connect(options: ConnectOptions = {}): Promise<Link> {
    const onFault = (error: unknown) => this.faults.push(error);
    return connect({ dial: this.dial }, { clock: this.clock, onFault, ...options });
  }

  /** The executor's end of the newest connection. */
  get peer(): ScriptedPeer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error("nobody has dialled");
    return peer;
  }

  /** The line of the newest connection. */
  get line(): Line {
    const line = this.lines.at(-1);
    if (line === undefined) throw new Error("nobody has dialled");
    return line;
  }

  /** Cuts the newest connection, and lets happen what comes of it at once. */
  async cut(): Promise<void> {
    this.peer.transport.destroy();
    await settled();
  }

  /** Lets time pass, timer by timer, and after each what it sets in motion. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    for (;;) {
      await settled();
      const next = Math.min(this.clock.nextDeadline ?? end, end);
      if (next === end) break;
      this.clock.advance(Math.max(0, next - this.clock.now()));
    }
    this.clock.advance(end - this.clock.now());
    await settled();
  }
}

/** An answer to `process/read` for a process that runs; with what a test says otherwise. */
export function readAnswer(more: Readonly<Record<string, unknown>> = {}) {
  return {
    chunks: [],
    nextSeq: 1,
    exited: false,
    exitCode: null,
    closed: false,
    failure: null,
    sandboxDenied: false,
    ...more,
  };
}
