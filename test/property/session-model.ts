import type { SessionEvent } from "../../src/machines/session-machine.ts";

/** What one session does, said once more without a statechart: who holds it, until when it waits, whom it doubts. */
export class SessionModel {
  readonly effects: string[] = [];
  holder: string | null;
  deadline: number | null = null;
  isOver = false;
  readonly #ttlMs: number;
  #now = 0;
  #probeEnds: number | null = null;
  #isEvicting = false;

  constructor(holder: string, ttlMs: number) {
    this.holder = holder;
    this.#ttlMs = ttlMs;
  }

  get timers(): number {
    if (this.isOver) return 0;
    return this.holder === null || this.#probeEnds !== null ? 1 : 0;
  }

  send(event: SessionEvent): void {
    if (this.isOver) return;
    if (event.type === "shutdown" || event.type === "end") {
      this.#end(event.type === "end" ? "expire" : "retire");
      this.deadline = null;
    } else if (event.type === "resume") {
      this.#resume(event.connectionId);
    } else if (event.type === "detach") {
      if (event.connectionId === this.holder) this.#detach();
    } else if (this.holder !== null && !this.#isEvicting) {
      if (event.type === "holder.heard") this.#probeEnds = null;
      if (event.type === "contested" && this.#probeEnds === null) {
        this.#probeEnds = this.#now + 1_500;
        this.effects.push("probe");
      }
    }
  }

  stall(ms: number): void {
    this.#now += ms;
  }

  advance(ms: number): void {
    this.#now += ms;
    if (this.isOver) return;
    if (this.#probeEnds !== null && this.#probeEnds <= this.#now) {
      this.#probeEnds = null;
      this.#isEvicting = true;
      this.effects.push("evict");
    }
    if (this.deadline !== null && this.deadline <= this.#now) this.#end("expire");
  }

  #resume(connectionId: string): void {
    if (this.deadline === null) return;
    if (this.#now >= this.deadline) {
      this.#end("expire");
      return;
    }
    this.holder = connectionId;
    this.deadline = null;
  }

  #detach(): void {
    this.holder = null;
    this.deadline = this.#now + this.#ttlMs;
    this.#probeEnds = null;
    this.#isEvicting = false;
  }

  #end(how: "expire" | "retire"): void {
    this.isOver = true;
    this.holder = null;
    this.#probeEnds = null;
    this.effects.push(how);
  }
}
