import { Buffer } from "node:buffer";
import type { Clock } from "../../src/ports/clock.ts";
import type { Transport, TransportEnd, TransportListener } from "../../src/ports/transport.ts";
import { Inbox } from "../../src/transports/inbox.ts";
import { DrainWatch } from "../../src/transports/water-marks.ts";
import { chance } from "./chance.ts";
import type { WireWatch } from "./wire-watch.ts";

/** `up`: from the client to the executor; `down`: back. */
export type Direction = "up" | "down";

/**
 * Strikes when a certain message arrives: it is lost and the link cut, or the link is cut just after it was heard, or it is lost
 * and the link dead from then on without anybody's hearing of it.
 */
export interface CutOnMessage {
  readonly direction: Direction;
  /** Ordinal of the message in its direction, from 1. */
  readonly message: number;
  readonly how: "lost" | "heard" | "stranded";
}

/** How one link carries. */
export interface SimLinkOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly name: string;
  /** The shortest and the longest way of a message, in milliseconds. */
  readonly latencyMs: readonly [least: number, most: number];
  /** Every queued byte counts for so many, so that small outputs fill the link. */
  readonly byteWeight: number;
  readonly cuts: readonly CutOnMessage[];
  readonly watch: WireWatch;
  /** Until when nothing arrives in a direction, as on a path that is down for a while: what was sent arrives later. */
  heldUntil(direction: Direction): number;
  trace(text: string): void;
}

/** What a peer that does not react to a close frame is given, as by a websocket. */
const closeGraceMs = 1_000;

/** One physical connection: two ends, each with its way to the other. Order is kept; any of it can be lost with the link. */
export class SimLink {
  readonly client: SimEnd;
  readonly executor: SimEnd;
  readonly #options: SimLinkOptions;

  constructor(options: SimLinkOptions) {
    this.#options = options;
    this.client = new SimEnd("client", new Lane("up", options), options);
    this.executor = new SimEnd("executor", new Lane("down", options), options);
    const { watch, name } = options;
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

  /** The path changed: look again when the next message arrives. */
  pathChanged(): void {
    this.client.lane.rearm();
    this.executor.lane.rearm();
  }
}

interface UnderWay {
  readonly dueMs: number;
  readonly bytes: number;
  readonly message: string | Uint8Array | null;
  readonly arrive: () => void;
}

/** One direction of a link: first in, first out, each after its own latency. */
class Lane {
  readonly direction: Direction;
  readonly #options: SimLinkOptions;
  #underWay: UnderWay[] = [];
  #sent = 0;
  #arrived = 0;
  #lastDueMs = 0;
  #timer: unknown = null;
  /** Nothing arrives any more. */
  isStranded = false;

  constructor(direction: Direction, options: SimLinkOptions) {
    this.direction = direction;
    this.#options = options;
  }

  push(bytes: number, message: string | Uint8Array | null, arrive: () => void): void {
    const { clock, seed, name, latencyMs } = this.#options;
    const [least, most] = latencyMs;
    this.#sent += 1;
    const latency = least + (chance(seed, name, this.direction, this.#sent) % (most - least + 1));
    const dueMs = Math.max(this.#lastDueMs, clock.now() + latency);
    this.#lastDueMs = dueMs;
    this.#underWay.push({ dueMs, bytes, message, arrive });
    if (this.#underWay.length === 1) this.rearm();
  }

  /** Drops everything under way; gives the bytes that went with it. */
  lose(): number {
    const bytes = this.#underWay.reduce((sum, item) => sum + item.bytes, 0);
    this.#underWay = [];
    this.rearm();
    return bytes;
  }

  rearm(): void {
    const { clock } = this.#options;
    if (this.#timer !== null) clock.clearTimeout(this.#timer);
    this.#timer = null;
    const next = this.#underWay[0];
    if (next === undefined || this.isStranded) return;
    const dueMs = Math.max(next.dueMs, this.#options.heldUntil(this.direction));
    this.#timer = clock.setTimeout(() => this.#deliver(), dueMs - clock.now());
  }

  #deliver(): void {
    this.#timer = null;
    const next = this.#underWay.shift();
    if (next === undefined) return;
    if (next.message !== null) {
      this.#arrived += 1;
      const text = typeof next.message === "string" ? next.message : Buffer.from(next.message).toString();
      const { name, trace } = this.#options;
      trace(
        `${name} ${this.direction}#${this.#arrived} ${text.length > 160 ? `${text.slice(0, 150)}.. (${text.length})` : text}`,
      );
      const cut = this.#options.cuts.find((c) => c.direction === this.direction && c.message === this.#arrived);
      if (cut !== undefined) {
        this.onCut(next, cut.how);
        return this.rearm();
      }
    }
    next.arrive();
    this.rearm();
  }

  /** Set by the link: a cut strikes at this message. */
  onCut: (item: UnderWay, how: CutOnMessage["how"]) => void = () => undefined;
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
  readonly #name: string;
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

  constructor(name: string, lane: Lane, { clock, byteWeight }: SimLinkOptions) {
    this.#name = name;
    this.lane = lane;
    this.#clock = clock;
    this.#weight = byteWeight;
    this.#inbox = new Inbox({
      schedule: (deliver) => void clock.setTimeout(deliver, 0),
      delivered: (bytes) => this.#other.#taken(bytes),
      endOvertakes: true,
    });
  }

  join(other: SimEnd, link: SimLink, watch: EndWatch): void {
    this.#other = other;
    this.#watch = watch;
    this.lane.onCut = (item, how) => {
      if (how === "heard") item.arrive();
      else this.#taken(item.bytes);
      if (how === "stranded") link.strand();
      else link.cut(false);
    };
  }

  get peer(): string {
    return `the simulated ${this.#other.#name}`;
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
    this.#watch.sent(typeof message === "string" ? message : Buffer.from(message).toString());
    if (this.isClosed) return;
    const bytes = typeof message === "string" ? Buffer.byteLength(message) : message.length;
    this.#queuedBytes += bytes;
    this.#drain.rose(this.queuedBytes);
    const other = this.#other;
    this.lane.push(bytes, message, () => {
      other.#inbox.heard();
      other.#inbox.push(message, bytes);
    });
  }

  ping(): void {
    if (this.isClosed) return;
    const other = this.#other;
    this.lane.push(0, null, () => {
      other.#inbox.heard();
      if (!other.isClosed) other.lane.push(0, null, () => this.#inbox.heard());
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
    this.#giveUp();
    this.#inbox.stop();
    const other = this.#other;
    if (!this.isClosed) this.lane.push(0, null, () => other.#heardClose({ code, reason }));
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
    this.lane.push(0, null, () => other.#finish({ code: 1006, reason: "connection lost without a close frame" }));
  }

  /** The link is broken: nothing that is sent from now on arrives, and the end is noticed in its time. */
  breakOff(delivers: boolean): void {
    this.isClosed = true;
    if (!delivers) this.#queuedBytes -= this.lane.lose();
    const other = this.#other;
    this.lane.push(0, null, () => other.#finish({ code: 1006, reason: "the link was cut" }));
  }

  /** Its owner is gone. */
  silence(): void {
    this.#isSilenced = true;
    this.isOver = true;
    this.#giveUp();
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    this.#watch.gone();
  }

  #heardClose(end: TransportEnd): void {
    if (!this.isClosed) {
      this.isClosed = true;
      const other = this.#other;
      this.lane.push(0, null, () => other.#finish(end));
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
