import type { Clock } from "../../src/ports/clock.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { chance } from "./chance.ts";
import type { CutOnMessage, Direction } from "./sim-lane.ts";
import { SimLink } from "./sim-link.ts";
import type { SimSite } from "./sim-site.ts";
import type { WireWatch } from "./wire-watch.ts";

/** What a path needs of its world. */
export interface SimPathOptions {
  readonly clock: Clock;
  /** That of the program at its beginning, which stands still with it. */
  readonly program: Clock & { readonly suspendedUntilMs: number };
  readonly seed: number;
  readonly name: string;
  readonly site: SimSite;
  readonly watch: WireWatch;
  readonly latencyMs: readonly [least: number, most: number];
  readonly byteWeight: number;
  readonly inPieces: boolean;
  readonly isPlain: boolean;
  readonly cuts: readonly (CutOnMessage & { readonly dial: number })[];
  trace(text: string): void;
  violate(invariant: string, text: string): void;
}

/** The way from one client to the site: all its connections, one after the other, and what is wrong with it. */
export class SimPath {
  readonly links: SimLink[] = [];
  readonly #options: SimPathOptions;
  readonly #heldUntil = { up: 0, down: 0 };
  /** How fast it carries, and until when. */
  readonly #slow = { up: { untilMs: 0, rate: 1 }, down: { untilMs: 0, rate: 1 } };
  #refusesUntil = 0;
  #hangsUntil = 0;
  /** How often its owner dialled. */
  dials = 0;

  constructor(options: SimPathOptions) {
    this.#options = options;
  }

  /** Opens a connection, as the library wants it; like many a real one it may not heed its signal. */
  readonly dial = async (signal: AbortSignal): Promise<Transport> => {
    const { clock, seed, name, site, cuts, trace, violate, program } = this.#options;
    this.dials += 1;
    const dial = this.dials;
    const heeded = chance(seed, name, "dial", dial) % 2 === 0 ? signal : null;
    trace(`${name} dials ${dial}`);
    const former = this.links.at(-1);
    await this.#wait(this.#options.latencyMs[1], heeded);
    if (former?.client.isHeld === true) violate("I-22", `${name} dials while ${former.name} stands`);
    while (this.#silentUntil > clock.now()) await this.#wait(this.#silentUntil - clock.now(), heeded);
    if (this.#refusesUntil > clock.now() || !site.isUp) throw new Error("connection refused");
    const siteClock = site.clock;
    const link = new SimLink({
      ...this.#options,
      clientClock: program,
      executorClock: siteClock,
      name: `${name}.${dial}`,
      cuts: cuts.filter((cut) => cut.dial === dial),
      heldUntil: (direction) =>
        Math.max(this.#heldUntil[direction], (direction === "up" ? siteClock : program).suspendedUntilMs),
      rate: (direction) => this.#rate(direction),
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

  /** Look again when the next message arrives. */
  pathChanged(): void {
    for (const link of this.links) link.pathChanged();
  }

  /** Nothing arrives for a while; what was sent meanwhile arrives then. */
  hold(directions: readonly Direction[], untilMs: number): void {
    for (const direction of directions) this.#heldUntil[direction] = Math.max(this.#heldUntil[direction], untilMs);
    this.pathChanged();
  }

  /** What arrives is taken slowly for a while: so many bytes per millisecond. */
  slow(directions: readonly Direction[], untilMs: number, rate: number): void {
    for (const direction of directions) this.#slow[direction] = { untilMs, rate };
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
    this.#slow.up.untilMs = 0;
    this.#slow.down.untilMs = 0;
    this.#refusesUntil = 0;
    this.#hangsUntil = 0;
    for (const link of this.links) link.pathChanged();
  }

  get #silentUntil(): number {
    return Math.max(this.#hangsUntil, this.#heldUntil.up, this.#heldUntil.down);
  }

  #rate(direction: Direction): number {
    const { untilMs, rate } = this.#slow[direction];
    return untilMs > this.#options.clock.now() ? rate : Number.POSITIVE_INFINITY;
  }

  #wait(ms: number, signal: AbortSignal | null): Promise<void> {
    const { program } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = program.setTimeout(resolve, ms);
      signal?.addEventListener(
        "abort",
        () => {
          program.clearTimeout(timer);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }
}
