import { Executor, type ExecutorOptions } from "../../src/executor/executor.ts";
import type { JournalStore } from "../../src/ports/journal-store.ts";
import { memoryTransportPair } from "../../src/transports/memory-transport.ts";
import { RawConnection } from "../raw-connection.ts";
import { ScriptedHost } from "../scripted-host.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** A line between a peer and the executor that a test can stall: then nothing arrives, in neither direction. */
class Line {
  readonly #held: (() => void)[] = [];
  #stalled = false;

  readonly schedule = (deliver: () => void): void => {
    if (this.#stalled) this.#held.push(deliver);
    else queueMicrotask(deliver);
  };

  /** From now on everything gets lost on the way, as it seems to both ends. */
  stall(): void {
    this.#stalled = true;
  }

  /** What was under way arrives after all. */
  heal(): void {
    this.#stalled = false;
    for (const deliver of this.#held.splice(0)) queueMicrotask(deliver);
  }
}

/** A connection to a scripted executor. */
export interface ScriptedConnection {
  readonly peer: RawConnection;
  readonly line: Line;
}

/** Lets everything happen that is possible without time passing: on this host all of it is microtasks. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What differs from one scripted executor to another. */
export interface ScriptedOptions
  extends Pick<ExecutorOptions, "sessionTtlMs" | "output" | "onInspection" | "logger" | "watch"> {
  readonly journal?: JournalStore;
}

/** An executor on virtual time, whose children the test plays. */
export class ScriptedExecutor {
  readonly host = new ScriptedHost();
  readonly clock = new VirtualClock();
  /** Faults inside Proctor: there must be none. */
  readonly faults: unknown[] = [];
  /** What the journal has lost. */
  readonly journalErrors: unknown[] = [];
  readonly executor: Executor;

  constructor({ journal, ...options }: ScriptedOptions = {}) {
    this.host.journal = journal;
    this.executor = new Executor(this.host, {
      ...options,
      clock: this.clock,
      onFault: (error) => this.faults.push(error),
      onJournalError: (error) => this.journalErrors.push(error),
    });
  }

  /** Opens a connection; the handshake is the caller's. */
  open(): ScriptedConnection {
    const line = new Line();
    const [client, executor] = memoryTransportPair({ schedule: line.schedule });
    void this.executor.accept(executor);
    return { peer: new RawConnection(client), line };
  }

  /** Opens a connection with a session, a new one or one that is resumed. */
  async connect(resumeSessionId: string | null = null): Promise<ScriptedConnection & { readonly sessionId: string }> {
    const connection = this.open();
    return { ...connection, sessionId: await connection.peer.handshake(resumeSessionId) };
  }

  /** Lets time pass, timer by timer, and after each what it sets in motion: a ping gets its pong in between. */
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

/** Params of `process/start` that most tests share. */
export function startParams(processId: string, more: Readonly<Record<string, unknown>> = {}) {
  return { processId, argv: ["program"], cwd: "file:///tmp", env: {}, tty: false, ...more };
}
