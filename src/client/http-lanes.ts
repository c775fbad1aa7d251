import type { LinkActor } from "../actors/link-actor.ts";
import { LinkFailedError } from "../actors/link-errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { HttpWay } from "./http-way.ts";

/** An idle lane is kept for so long. */
export const idleLaneMs = 30_000;

/** A connection with a session of its own, for one exchange at a time. */
export interface Lane {
  readonly link: LinkActor;
  /** Ends it at once, whatever the executor still has to say. */
  drop(): void;
}

/** Opens a lane. @throws LinkFailedError, or the signal's reason */
export type OpenLane = (signal: AbortSignal | undefined) => Promise<Lane>;

/** What lanes need. */
export interface HttpLanesOptions {
  readonly clock: Clock;
  readonly open: OpenLane;
  /** How many there may be; more exchanges wait. */
  readonly most: number;
}

interface Idle {
  readonly lane: Lane;
  readonly timer: unknown;
}

/**
 * Connections of their own for HTTP, to an executor that finishes one request before it looks at the next, as the reference does: an
 * origin that takes its time delays no process and no file, a reader that stops stops its own connection, and a cancelled exchange
 * ends with its lane, which is all that such an executor understands (06 H-58).
 */
export class HttpLanes {
  readonly #main: LinkActor;
  readonly #options: HttpLanesOptions;
  readonly #lanes = new Set<Lane>();
  readonly #waiting: (() => void)[] = [];
  #idle: Idle[] = [];
  #busy = 0;

  /** @param main the link that they stand beside; they end with it */
  constructor(main: LinkActor, options: HttpLanesOptions) {
    this.#main = main;
    this.#options = options;
    const over = () => this.close();
    main.state$.subscribe({ complete: over, error: over }); // a fault of the link is told where it belongs
  }

  /** How many there are now: for tests. */
  get count(): number {
    return this.#lanes.size;
  }

  /**
   * Resolves with a lane; while the main link recovers, or all lanes are taken, it waits.
   * @throws LinkFailedError when no lane can be opened though the link stands; how the link ended; the signal's reason
   */
  async take(signal: AbortSignal | undefined): Promise<HttpWay> {
    await this.#place(signal);
    try {
      return this.#wayOver(this.#takeIdle() ?? (await this.#open(signal)));
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** Ends all of them. */
  close(): void {
    for (const { timer } of this.#idle.splice(0)) this.#options.clock.clearTimeout(timer);
    for (const lane of [...this.#lanes]) this.#drop(lane);
  }

  async #place(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#busy < this.#options.most) {
      this.#busy += 1;
      return;
    }
    const place = Promise.withResolvers<void>();
    const go = () => place.resolve();
    const giveUp = () => {
      this.#waiting.splice(this.#waiting.indexOf(go), 1);
      place.reject(signal?.reason);
    };
    this.#waiting.push(go);
    signal?.addEventListener("abort", giveUp, { once: true });
    await place.promise;
    signal?.removeEventListener("abort", giveUp);
  }

  /** Hands the place on. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy -= 1;
    else next();
  }

  #takeIdle(): Lane | null {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      this.#options.clock.clearTimeout(idle.timer);
      if (idle.lane.link.state.value === "Connected") return idle.lane;
      this.#drop(idle.lane);
    }
    return null;
  }

  async #open(signal: AbortSignal | undefined): Promise<Lane> {
    for (;;) {
      await this.#main.usable(signal);
      try {
        const lane = await this.#options.open(signal);
        this.#lanes.add(lane);
        if (this.#main.state.value === "Failed" || this.#main.state.value === "Closed") this.#drop(lane);
        return lane;
      } catch (error) {
        // The same trouble as that of the main link, which recovers from it: then so does this.
        if (!(error instanceof LinkFailedError) || this.#main.state.value === "Connected") throw error;
      }
    }
  }

  #wayOver(lane: Lane): HttpWay {
    let isOver = false;
    return {
      link: lane.link,
      cancel: () => this.#drop(lane),
      over: () => {
        if (isOver) return;
        isOver = true;
        this.#keep(lane);
        this.#leave();
      },
    };
  }

  #keep(lane: Lane): void {
    if (!this.#lanes.has(lane)) return;
    if (lane.link.state.value !== "Connected") return this.#drop(lane);
    const { clock } = this.#options;
    const timer = clock.setTimeout(() => {
      this.#idle = this.#idle.filter((idle) => idle.lane !== lane);
      this.#drop(lane);
    }, idleLaneMs);
    this.#idle.push({ lane, timer });
  }

  #drop(lane: Lane): void {
    if (this.#lanes.delete(lane)) lane.drop();
  }
}
