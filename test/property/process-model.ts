import type { ProcessEvent, ProcessInput } from "../../src/machines/process-machine.ts";

/** What one process does, said once more without a statechart: flags, deadlines and the list of its effects. */
export class ProcessModel {
  readonly effects: string[] = ["spawn"];
  exitCode: number | null = null;
  #now = 0;
  #phase: "starting" | "live" | "closed" | "gone" = "starting";
  #isWanted = true;
  #stdoutEnded = false;
  #stderrEnded: boolean;
  readonly #isTerminal: boolean;
  #wasAsked = false;
  #wasKilled = false;
  readonly #timeLimitMs: number | null;
  #limitAt: number | null = null;
  #timedOut = false;
  #killAt: number | null = null;
  #evictAt: number | null = null;
  #close: "none" | "sent" | "unheard" | "delivered" = "none";
  #retentionLeftMs = 30_000;

  constructor({ stdin, timeLimitMs }: ProcessInput) {
    this.#timeLimitMs = timeLimitMs;
    this.#isTerminal = stdin === "pty";
    this.#stderrEnded = this.#isTerminal;
  }

  get tags(): string[] {
    if (this.#phase === "live") {
      return [...(this.#wasAsked || this.#wasKilled ? ["ending"] : []), ...(this.#isRunning ? ["running"] : [])];
    }
    return [this.#phase];
  }

  get timers(): number {
    return [this.#limitAt, this.#killAt, this.#evictAt].filter((at) => at !== null).length;
  }

  send(event: ProcessEvent): void {
    if (this.#phase === "starting") this.#sendStarting(event);
    else if (this.#phase === "live") this.#sendLive(event);
    else if (this.#phase === "closed") this.#sendClosed(event);
  }

  /** What becomes of the session and of its client's knowledge. */
  tell(what: "close.delivered" | "session.attached" | "session.detached"): void {
    if (this.#phase !== "closed") return;
    const isDelivered = this.#close === "delivered";
    if (what === "close.delivered" && !isDelivered) {
      this.#setClose("delivered");
      this.#evictAt = this.#now + this.#retentionLeftMs;
    }
    if (what === "session.attached" && isDelivered) this.#evictAt ??= this.#now + this.#retentionLeftMs;
    if (what === "session.detached" && this.#close === "sent") this.#setClose("unheard");
    if (what === "session.detached" && this.#evictAt !== null) {
      this.#retentionLeftMs = Math.max(0, this.#evictAt - this.#now);
      this.#evictAt = null;
    }
  }

  stall(ms: number): void {
    this.#now += ms;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    if (this.#limitAt !== null && this.#limitAt <= end) {
      this.#now = Math.max(this.#now, this.#limitAt);
      this.#timedOut = this.exitCode === null;
      this.#ask();
    }
    if (this.#killAt !== null && this.#killAt <= end) this.#kill();
    if (this.#evictAt !== null && this.#evictAt <= end) this.#end();
    this.#now = end;
  }

  get #isRunning(): boolean {
    return this.#phase === "live" && this.exitCode === null;
  }

  #sendStarting({ type }: ProcessEvent): void {
    if (type === "stop" || type === "session.expired") this.#isWanted = false;
    if (type === "child.spawnFailed") this.#end();
    if (type !== "child.spawned") return;
    if (this.#isWanted) {
      this.#phase = "live";
      if (this.#timeLimitMs !== null) this.#limitAt = this.#now + this.#timeLimitMs;
    } else {
      this.#kill();
      this.#end();
    }
  }

  #sendLive(event: ProcessEvent): void {
    const { type } = event;
    if (type === "session.expired") {
      this.effects.push("SIGKILL");
      this.#end();
      return;
    }
    if (type === "interrupt" && this.#isRunning) this.effects.push("SIGINT");
    if (type === "terminate") this.#kill();
    if (type === "stop" && this.#isRunning && !this.#wasAsked) this.#ask();
    if (event.type === "child.exited" && this.#isRunning) {
      this.exitCode = event.exitCode;
      this.effects.push(`exited ${event.exitCode}${this.#timedOut ? " timed out" : ""}`);
      if (this.#wasKilled) this.#letGo();
    }
    if (type === "stdout.ended") this.#stdoutEnded = true;
    if (type === "stderr.ended") this.#stderrEnded = true;
    if (this.exitCode !== null && this.#stdoutEnded && this.#stderrEnded) {
      this.#phase = "closed";
      this.#limitAt = null;
      this.#killAt = null;
      this.effects.push("closed");
    }
  }

  #sendClosed({ type }: ProcessEvent): void {
    if (type === "session.expired" || (type === "crowdedOut" && this.#close === "unheard")) {
      if (this.#close === "unheard") this.effects.push("await no more");
      this.#end();
    }
    if (type === "close.sent" && this.#close === "none") this.#setClose("sent");
    if (type === "close.unheard" && this.#close === "none") this.#setClose("unheard");
  }

  #setClose(close: "sent" | "unheard" | "delivered"): void {
    if (this.#close === "unheard") this.effects.push("await no more");
    this.#close = close;
    if (close === "sent") this.effects.push("probe");
    if (close === "unheard") this.effects.push("await");
  }

  #ask(): void {
    this.#limitAt = null;
    this.#wasAsked = true;
    this.effects.push("SIGTERM");
    this.#killAt = this.#now + 2_000;
  }

  #kill(): void {
    this.#wasAsked = true;
    this.#wasKilled = true;
    this.#limitAt = null;
    this.#killAt = null;
    this.effects.push("SIGKILL");
    if (this.#phase === "live" && this.exitCode !== null) this.#letGo();
  }

  #letGo(): void {
    if (!this.#isTerminal) this.effects.push("let go");
  }

  #end(): void {
    this.#phase = "gone";
    this.#limitAt = null;
    this.#killAt = null;
    this.#evictAt = null;
    this.effects.push("release");
  }
}
