import type { ConnectionEvent } from "../../src/machines/connection-machine.ts";

/** What one connection does, said once more without a statechart: how far the handshake is, and three moments. */
export class ConnectionModel {
  readonly effects: string[] = [];
  phase: "awaitingInitialize" | "awaitingInitialized" | "ready" | "observing" | "leaving" | "closed" =
    "awaitingInitialize";
  #now = 0;
  #pingAt: number | null = 30_000;
  #deadAt: number | null = null;
  #cutAt: number | null = null;

  get tag(): string {
    return this.phase === "leaving" || this.phase === "closed" ? "ended" : this.phase;
  }

  get timers(): number {
    return [this.#pingAt, this.#deadAt, this.#cutAt].filter((at) => at !== null).length;
  }

  send(event: ConnectionEvent): void {
    if (this.phase === "closed") return;
    if (this.phase === "leaving") {
      if (event.type === "transport.ended") this.#close();
      return;
    }
    switch (event.type) {
      case "session.attached":
        if (this.phase === "awaitingInitialize") this.phase = "awaitingInitialized";
        break;
      case "initialized":
        if (this.phase === "awaitingInitialize") this.#leave("close 1002");
        else if (this.phase === "awaitingInitialized") this.phase = "ready";
        break;
      case "session.observed":
        if (this.phase === "ready") this.phase = "observing";
        break;
      case "observation.ended":
        if (this.phase === "observing") this.#leave(`close ${event.code}`);
        break;
      case "peer.heard":
        // The next ping comes a whole interval after the sign of life that ended a silence.
        if (this.#deadAt !== null) this.#pingAt = this.#now + 30_000;
        this.#deadAt = null;
        break;
      case "transport.ended":
        this.effects.push("leave");
        this.#close();
        break;
      case "session.taken":
        this.#leave("refuse", "close 1002");
        break;
      case "violation":
        this.#leave("close 1002");
        break;
      case "shutdown":
        this.#leave("close 1001");
        break;
    }
  }

  stall(ms: number): void {
    this.#now += ms;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = Math.min(...[this.#pingAt, this.#deadAt, this.#cutAt].filter((at) => at !== null));
      if (!(due <= end)) break;
      this.#now = Math.max(this.#now, due);
      if (due === this.#cutAt) {
        this.effects.push("destroy");
        this.#close();
      } else if (due === this.#deadAt) {
        this.effects.push("leave", "destroy");
        this.#close();
      } else {
        this.effects.push("ping");
        this.#pingAt = this.#now + 30_000;
        this.#deadAt ??= this.#now + 60_000;
      }
    }
    this.#now = end;
  }

  #leave(...farewell: string[]): void {
    this.effects.push("leave", ...farewell);
    this.phase = "leaving";
    this.#pingAt = null;
    this.#deadAt = null;
    this.#cutAt = this.#now + 1_000;
  }

  #close(): void {
    this.phase = "closed";
    this.#pingAt = null;
    this.#deadAt = null;
    this.#cutAt = null;
  }
}
