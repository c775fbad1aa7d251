import type { Clock } from "../../src/ports/clock.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { chance } from "./chance.ts";
import { type CutOnMessage, type Direction, SimLink } from "./sim-link.ts";
import type { SimSite } from "./sim-site.ts";
import type { WireWatch } from "./wire-watch.ts";

/** What a path needs of its world. */
export interface SimPathOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly name: string;
  readonly site: SimSite;
  readonly watch: WireWatch;
  readonly latencyMs: readonly [least: number, most: number];
  readonly byteWeight: number;
  readonly cuts: readonly (CutOnMessage & { readonly dial: number })[];
  trace(text: string): void;
}

/** The way from one client to the site: all its connections, one after the other, and what is wrong with it. */
export class SimPath {
  readonly links: SimLink[] = [];
  readonly #options: SimPathOptions;
  readonly #heldUntil = { up: 0, down: 0 };
  #refusesUntil = 0;
  #hangsUntil = 0;
  #dials = 0;

  constructor(options: SimPathOptions) {
    this.#options = options;
  }

  /** Opens a connection, as the library wants it; like many a real one it may not heed its signal. */
  readonly dial = async (signal: AbortSignal): Promise<Transport> => {
    const { clock, seed, name, site, watch, latencyMs, byteWeight, cuts, trace } = this.#options;
    this.#dials += 1;
    const dial = this.#dials;
    const heeded = chance(seed, name, "dial", dial) % 2 === 0 ? signal : null;
    trace(`${name} dials ${dial}`);
    await this.#wait(latencyMs[1], heeded);
    while (this.#silentUntil > clock.now()) await this.#wait(this.#silentUntil - clock.now(), heeded);
    if (this.#refusesUntil > clock.now() || !site.isUp) throw new Error("connection refused");
    const link = new SimLink({
      clock,
      seed,
      name: `${name}.${dial}`,
      latencyMs,
      byteWeight,
      cuts: cuts.filter((cut) => cut.dial === dial),
      watch,
      heldUntil: (direction) => this.#heldUntil[direction],
      trace,
    });
    this.links.push(link);
    site.accept(link);
    return link.client;
  };

  cut(delivers: boolean): void {
    this.links.at(-1)?.cut(delivers);
  }

  strand(): void {
    this.links.at(-1)?.strand();
  }

  /** Nothing arrives for a while; what was sent meanwhile arrives then. */
  hold(directions: readonly Direction[], untilMs: number): void {
    for (const direction of directions) this.#heldUntil[direction] = Math.max(this.#heldUntil[direction], untilMs);
    for (const link of this.links) link.pathChanged();
  }

  refuse(untilMs: number): void {
    this.#refusesUntil = Math.max(this.#refusesUntil, untilMs);
  }

  hang(untilMs: number): void {
    this.#hangsUntil = Math.max(this.#hangsUntil, untilMs);
  }

  /** Nothing is wrong any more. */
  heal(): void {
    this.#heldUntil.up = 0;
    this.#heldUntil.down = 0;
    this.#refusesUntil = 0;
    this.#hangsUntil = 0;
    for (const link of this.links) link.pathChanged();
  }

  get #silentUntil(): number {
    return Math.max(this.#hangsUntil, this.#heldUntil.up, this.#heldUntil.down);
  }

  #wait(ms: number, signal: AbortSignal | null): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(resolve, ms);
      signal?.addEventListener(
        "abort",
        () => {
          clock.clearTimeout(timer);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }
}
