import { Buffer } from "node:buffer";
import type { Clock } from "../../src/ports/clock.ts";
import type { Transport, TransportEnd, TransportListener } from "../../src/ports/transport.ts";
import { Inbox } from "../../src/transports/inbox.ts";
import { DrainWatch } from "../../src/transports/water-marks.ts";
import { OvertakingSender, withoutExtensions } from "./plain-wire.ts";
import { Lane, type LaneOptions } from "./sim-lane.ts";
import type { WireWatch } from "./wire-watch.ts";

/** How one link carries, and between whom. */
export interface SimLinkOptions extends LaneOptions {
  /** The clock of each program, which stands still with it. */
  readonly clientClock: Clock;
  readonly executorClock: Clock;
  /** The executor shows no extensions, and sends in no strict order. */
  readonly isPlain: boolean;
  readonly watch: WireWatch;
}

/** What a peer that does not react to a close frame is given, as by a websocket. */
const closeGraceMs = 1_000;

/** What arrives in the place of a garbled message: no JSON, and nothing that a client says. */
const garbage = { client: '{"id":', executor: '{"method":"nonsense"}' } as const;

/** One physical connection: two ends, each with its way to the other. Order is kept; any of it can be lost with the link. */
export class SimLink {
  readonly client: SimEnd;
  readonly executor: SimEnd;
  readonly #options: SimLinkOptions;

  constructor(options: SimLinkOptions) {
    this.#options = options;
    const { watch, name, clientClock, executorClock } = options;
    this.client = new SimEnd("client", new Lane("up", options), clientClock, options);
    this.executor = new SimEnd("executor", new Lane("down", options), executorClock, options);
    this.client.join(this.executor, this, { sent: (text) => watch.asked(name, text), gone: () => undefined });
    this.executor.join(this.client, this, { sent: (text) => watch.answered(name, text), gone: () => watch.gone(name) });
  }

  get name(): string {
    return this.#options.name;
  }

  /** Have both owners heard of the end? */
  get isOver(): boolean {
    return this.client.isOver && this.executor.isOver;
  }

  /** The connection breaks; what is under way arrives before the end, or is lost. */
  cut(delivers: boolean): void {
    if (this.client.isClosed && this.executor.isClosed) return;
    this.#options.trace(`${this.name} cut, what is under way ${delivers ? "arrives" : "is lost"}`);
    this.client.breakOff(delivers);
    this.executor.breakOff(delivers);
  }

  /** Nothing arrives any more, in either direction, and nobody hears of that. */
  strand(): void {
    this.#options.trace(`${this.name} is stranded`);
    this.client.lane.isStranded = true;
    this.executor.lane.isStranded = true;
    this.pathChanged();
  }

  /** The executor is gone in an instant: its end tells it nothing any more. */
  crashExecutor(): void {
    this.executor.silence();
    this.cut(true);
  }

  /** The client is gone in an instant; the executor hears of it, or does not, as when its host lost its power. */
  crashClient(isHeard: boolean): void {
    this.client.silence();
    if (isHeard) this.cut(true);
    else this.strand();
  }

  /** The path changed: look again when the next message arrives. */
  pathChanged(): void {
    this.client.lane.rearm();
    this.executor.lane.rearm();
  }
}

/** Who reads along at one end. */
interface EndWatch {
  sent(text: string): void;
  /** The owner of the end let go of the link, or heard of its end. */
  gone(): void;
}

/** One end of a link. */
class SimEnd implements Transport {
  readonly kind = "memory";
  readonly lane: Lane;
  readonly #name: "client" | "executor";
  readonly #isPlain: boolean;
  readonly #overtaking: OvertakingSender;
  readonly #clock: Clock;
  readonly #weight: number;
  readonly #inbox: Inbox;
  readonly #drain = new DrainWatch();
  #other: SimEnd = this;
  #watch: EndWatch = { sent: () => undefined, gone: () => undefined };
  #queuedBytes = 0;
  #graceTimer: unknown = null;
  #isSilenced = false;
  #isOpen = false;
  /** Its owner has closed or destroyed it. */
  #isGivenUp = false;
  /** Its end is known here. */
  #isFinished = false;
  isClosed = false;
  isOver = false;

  constructor(name: "client" | "executor", lane: Lane, clock: Clock, options: SimLinkOptions) {
    this.#name = name;
    this.lane = lane;
    this.#clock = clock;
    this.#weight = options.byteWeight;
    this.#overtaking = new OvertakingSender((text) => this.#carry(text), options.seed, options.name);
    this.#isPlain = options.isPlain && name === "executor";
    this.#inbox = new Inbox({
      schedule: (deliver) => void clock.setTimeout(deliver, 0),
      delivered: (bytes) => this.#other.#taken(bytes),
      endOvertakes: true,
    });
  }

  join(other: SimEnd, link: SimLink, watch: EndWatch): void {
    this.#other = other;
    this.#watch = watch;
    this.lane.endsAt({
      heard: () => other.#inbox.heard(),
      message: (text, bytes) => other.#inbox.push(text, bytes),
      lost: (bytes) => this.#taken(bytes),
      struck: (how, text, bytes) => {
        if (how === "heard") other.#inbox.push(text, bytes);
        else if (how === "garbled") other.#inbox.push(garbage[other.#name], bytes);
        else this.#taken(bytes);
        if (how === "stranded") link.strand();
        else if (how !== "garbled") link.cut(false);
      },
    });
  }

  get peer(): string {
    return `the simulated ${this.#other.#name}`;
  }

  /** Does its owner still count on it? */
  get isHeld(): boolean {
    return this.#isOpen && !this.#isGivenUp && !this.#isFinished;
  }

  get queuedBytes(): number {
    return this.#queuedBytes * this.#weight;
  }

  open(listener: TransportListener): void {
    this.#isOpen = true;
    const ifAlive = (tell: () => void) => {
      if (!this.#isSilenced) tell();
    };
    this.#inbox.open({
      message: (data) => ifAlive(() => listener.message(data)),
      heard: () => ifAlive(() => listener.heard()),
      drained: () => ifAlive(() => listener.drained()),
      ended: (end) => {
        this.isOver = true;
        this.#watch.gone();
        ifAlive(() => listener.ended(end));
      },
    });
  }

  send(message: string | Uint8Array): void {
    if (this.#isGivenUp) return;
    const text = typeof message === "string" ? message : Buffer.from(message).toString();
    this.#watch.sent(text);
    if (!this.#isPlain) return this.#carry(text);
    const isLate = this.#overtaking.send(withoutExtensions(text));
    if (isLate) this.#clock.setTimeout(() => this.#overtaking.flush(), 1);
  }

  ping(): void {
    if (this.isClosed) return;
    const other = this.#other;
    this.lane.signal(() => {
      other.#inbox.heard();
      if (!other.isClosed) other.lane.signal(() => this.#inbox.heard());
    });
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
  }

  close(code: number, reason: string): void {
    if (this.#isGivenUp || this.#isFinished) return this.#giveUp();
    this.#overtaking.flush();
    this.#giveUp();
    this.#inbox.stop();
    const other = this.#other;
    if (!this.isClosed) this.lane.signal(() => other.#heardClose({ code, reason }));
    this.isClosed = true;
    this.#graceTimer = this.#clock.setTimeout(() => this.destroy(), closeGraceMs);
  }

  destroy(): void {
    this.#giveUp();
    this.isClosed = true;
    this.#inbox.stop();
    this.#finish({ code: 1006, reason: "destroyed by this end" });
    this.#queuedBytes -= this.lane.lose();
    const other = this.#other;
    other.#queuedBytes -= other.lane.lose();
    this.lane.signal(() => other.#finish({ code: 1006, reason: "connection lost without a close frame" }));
  }

  /** The link is broken: nothing that is sent from now on arrives, and the end is noticed in its time. */
  breakOff(delivers: boolean): void {
    this.isClosed = true;
    if (!delivers) this.#queuedBytes -= this.lane.lose();
    const other = this.#other;
    this.lane.signal(() => other.#finish({ code: 1006, reason: "the link was cut" }));
  }

  /** Its owner is gone. */
  silence(): void {
    this.#isSilenced = true;
    this.isOver = true;
    this.#giveUp();
  }

  #carry(text: string): void {
    if (this.isClosed) return;
    const bytes = Buffer.byteLength(text);
    this.#queuedBytes += bytes;
    this.#drain.rose(this.queuedBytes);
    this.lane.send(text, bytes);
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    this.#watch.gone();
  }

  #heardClose(end: TransportEnd): void {
    if (!this.isClosed) {
      this.isClosed = true;
      const other = this.#other;
      this.lane.signal(() => other.#finish(end));
    }
    this.#finish(end);
  }

  #finish(end: TransportEnd): void {
    this.isClosed = true;
    this.#isFinished = true;
    if (this.#graceTimer !== null) this.#clock.clearTimeout(this.#graceTimer);
    this.#graceTimer = null;
    if (!this.#isOpen) this.isOver = true; // nobody to tell
    this.#inbox.end(end);
  }

  #taken(bytes: number): void {
    this.#queuedBytes -= bytes;
    if (this.#drain.fell(this.queuedBytes)) this.#clock.setTimeout(() => this.#inbox.drained(), 0);
  }
}
