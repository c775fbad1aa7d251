import type { Clock } from "../../src/ports/clock.ts";
import type { ChildSignal } from "../../src/ports/process-host.ts";
import type { Fork } from "./scenario.ts";

/** What a descendant needs of the process that forked it. */
export interface DescendantOptions {
  readonly clock: Clock;
  /** From SIGKILL to its death. */
  readonly killTakesMs: number;
  /** It has something to say. */
  print(bytes: number): void;
  /** It is gone. */
  ended(): void;
}

/** A grandchild of the executor: it may keep the pipes, leave the group, and outlive the process that forked it. */
export class SimDescendant {
  readonly fork: Fork;
  isAlive = true;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  readonly #gone = Promise.withResolvers<void>();
  readonly #options: DescendantOptions;
  readonly #timers: unknown[] = [];

  constructor(fork: Fork, options: DescendantOptions) {
    this.fork = fork;
    this.ended = this.#gone.promise;
    this.#options = options;
    if (fork.livesMs !== null) this.#after(fork.livesMs, () => this.finish());
  }

  /** Says its last word, and ends by itself. */
  finish(): void {
    if (this.isAlive && this.fork.bytes > 0) this.#options.print(this.fork.bytes);
    this.#end();
  }

  /** Gets a signal, from whoever reaches it. */
  signal(signal: ChildSignal): void {
    if (signal === "SIGKILL") this.#after(this.#options.killTakesMs, () => this.#end());
    if (signal === "SIGTERM" && this.fork.heedsTerm) this.#after(1, () => this.#end());
  }

  /** The whole machine is gone. */
  crash(): void {
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
  }

  #after(ms: number, then: () => void): void {
    this.#timers.push(this.#options.clock.setTimeout(then, ms));
  }

  #end(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.crash(); // none of its timers means anything any more
    this.#gone.resolve();
    this.#options.ended();
  }
}
