import { Buffer } from "node:buffer";
import type { Clock } from "../../src/ports/clock.ts";
import { LineSplitter } from "../../src/transports/line-splitter.ts";
import { chance } from "./chance.ts";

/** `up`: from the client to the executor; `down`: back. */
export type Direction = "up" | "down";

/**
 * Strikes when a certain message arrives. `lost`: it is lost and the link cut; `torn`: its beginning arrives before that;
 * `heard`: the link is cut just after it; `stranded`: it is lost, and the link dead from then on without anybody's hearing of it;
 * `garbled`: something arrives in its place that no executor and no client says.
 */
export interface CutOnMessage {
  readonly direction: Direction;
  /** Ordinal of the message in its direction, from 1. */
  readonly message: number;
  readonly how: "lost" | "torn" | "heard" | "stranded" | "garbled";
}

/** How one direction of a link carries. */
export interface LaneOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly name: string;
  /** The shortest and the longest way of a message, in milliseconds. */
  readonly latencyMs: readonly [least: number, most: number];
  /** Every queued byte counts for so many, so that small outputs fill the link. */
  readonly byteWeight: number;
  /** Whether messages are lines in a stream of bytes, which arrives in pieces of any size, or arrive one by one. */
  readonly inPieces: boolean;
  readonly cuts: readonly CutOnMessage[];
  /** Until when nothing arrives, as on a path that is down for a while: what was sent arrives later. */
  heldUntil(direction: Direction): number;
  /** Bytes per millisecond. */
  rate(direction: Direction): number;
  trace(text: string): void;
}

/** Who gets what a lane carries. */
export interface LaneEnd {
  /** Some bytes came in. */
  heard(): void;
  /** A whole message; its sender counted it with so many bytes. */
  message(text: string, bytes: number): void;
  /** A cut strikes here: at this message, which was not told. */
  struck(how: CutOnMessage["how"], text: string, bytes: number): void;
  /** A message that came with one at which the link was cut. */
  lost(bytes: number): void;
}

interface UnderWay {
  readonly dueMs: number;
  /** What its sender counted it with; of a message in pieces, all of it stands on the last. */
  readonly bytes: number;
  /** What it is: a piece of the stream, a message, or something without content. */
  readonly content: Buffer | string | null;
  readonly arrive: () => void;
}

/** More than any message of a simulation. */
const longestMessageBytes = 64 * 1024 * 1024;
const nothing = () => undefined;

/** One direction of a link: first in, first out, each after its own latency. */
export class Lane {
  readonly direction: Direction;
  readonly #options: LaneOptions;
  readonly #lines = new LineSplitter(longestMessageBytes);
  #end: LaneEnd | null = null;
  #underWay: UnderWay[] = [];
  #sent = 0;
  #arrived = 0;
  #messages = 0;
  #lastDueMs = 0;
  #freeAtMs = 0;
  #timer: unknown = null;
  /** Nothing arrives any more. */
  isStranded = false;

  constructor(direction: Direction, options: LaneOptions) {
    this.direction = direction;
    this.#options = options;
  }

  /** Says who is at the other end. */
  endsAt(end: LaneEnd): void {
    this.#end = end;
  }

  /** Sends a message. */
  send(text: string, bytes: number): void {
    this.#messages += 1;
    if (!this.#options.inPieces) return this.#push(text, bytes, nothing);
    const line = Buffer.from(`${text}\n`);
    const places = this.#placesToCut(line.length);
    for (const [index, place] of places.entries()) {
      const piece = line.subarray(places[index - 1] ?? 0, place);
      this.#push(piece, index === places.length - 1 ? bytes : 0, nothing);
    }
  }

  /** Sends something that is no message, and does something when it arrives. */
  signal(arrive: () => void): void {
    this.#push(null, 0, arrive);
  }

  /** Drops everything under way; gives the bytes that went with it. */
  lose(): number {
    const bytes = this.#underWay.reduce((sum, item) => sum + item.bytes, 0);
    this.#underWay = [];
    this.rearm();
    return bytes;
  }

  /** The path may have changed: look again when the next thing arrives. */
  rearm(): void {
    const { clock } = this.#options;
    if (this.#timer !== null) clock.clearTimeout(this.#timer);
    this.#timer = null;
    const next = this.#underWay[0];
    if (next === undefined || this.isStranded) return;
    const { rate, heldUntil } = this.#options;
    // What is left of something large does not go on slowly on a path that is slow no more.
    const freeAtMs = rate(this.direction) === Number.POSITIVE_INFINITY ? 0 : this.#freeAtMs;
    const dueMs = Math.max(next.dueMs, freeAtMs, heldUntil(this.direction));
    this.#timer = clock.setTimeout(() => this.#deliver(), dueMs - clock.now());
  }

  #push(content: UnderWay["content"], bytes: number, arrive: () => void): void {
    const { clock, seed, name, latencyMs } = this.#options;
    const [least, most] = latencyMs;
    this.#sent += 1;
    const latency = least + (chance(seed, name, this.direction, this.#sent) % (most - least + 1));
    const dueMs = Math.max(this.#lastDueMs, clock.now() + latency);
    this.#lastDueMs = dueMs;
    this.#underWay.push({ dueMs, bytes, content, arrive });
    if (this.#underWay.length === 1) this.rearm();
  }

  #deliver(): void {
    this.#timer = null;
    const next = this.#underWay.shift();
    if (next === undefined) return;
    this.#freeAtMs = this.#options.clock.now() + this.#timeFor(next);
    if (next.content === null) next.arrive();
    else if (typeof next.content === "string") this.#hear([next.content], next.bytes);
    else this.#hearPieces(next.content, next.bytes);
    this.rearm();
  }

  /** Takes with a piece all others that are there already: what was sent apart can arrive as one. */
  #hearPieces(first: Buffer, firstBytes: number): void {
    const pieces = [first];
    let bytes = firstBytes;
    for (let next = this.#underWay[0]; next !== undefined && this.#isThere(next); next = this.#underWay[0]) {
      if (next.content === null || typeof next.content === "string") break;
      pieces.push(next.content);
      bytes += next.bytes;
      this.#freeAtMs += this.#timeFor(next);
      this.#underWay.shift();
    }
    const lines = this.#lines.push(Buffer.concat(pieces));
    this.#hear(
      lines.map((line) => Buffer.from(line.buffer, line.byteOffset, line.length).toString()),
      bytes,
    );
  }

  #isThere(item: UnderWay): boolean {
    return item.dueMs <= this.#options.clock.now() && this.#options.rate(this.direction) === Number.POSITIVE_INFINITY;
  }

  /** The messages that some bytes complete; none after one at which a cut strikes. */
  #hear(texts: readonly string[], bytes: number): void {
    this.#end?.heard();
    let left = bytes;
    let isCut = false;
    for (const [index, text] of texts.entries()) {
      this.#arrived += 1;
      const own = index === texts.length - 1 ? left : Math.min(left, Buffer.byteLength(text));
      left -= own;
      if (isCut) {
        this.#end?.lost(own);
        continue;
      }
      const { name, trace, cuts } = this.#options;
      trace(`${name} ${this.direction}#${this.#arrived} ${shortened(text)}`);
      const cut = cuts.find((one) => one.direction === this.direction && one.message === this.#arrived);
      isCut = cut !== undefined && cut.how !== "garbled";
      if (cut === undefined) this.#end?.message(text, own);
      else this.#end?.struck(cut.how, text, own);
    }
  }

  /** Where a line is cut into pieces; its end is the last place. */
  #placesToCut(length: number): number[] {
    const { seed, name, cuts } = this.#options;
    const drawn = chance(seed, name, this.direction, "pieces", this.#messages);
    const isTorn = cuts.some(
      ({ direction, message, how }) => direction === this.direction && message === this.#messages && how === "torn",
    );
    const first = 1 + ((drawn >>> 4) % (length - 1));
    const wanted = isTorn ? 1 : drawn % 3;
    if (wanted === 0) return [length];
    if (wanted === 1 || first + 1 >= length) return [first, length];
    return [first, first + 1, length];
  }

  #timeFor({ content, bytes }: UnderWay): number {
    const rate = this.#options.rate(this.direction);
    if (rate === Number.POSITIVE_INFINITY || content === null) return 0;
    return Math.ceil((bytes * this.#options.byteWeight) / rate);
  }
}

function shortened(text: string): string {
  return text.length > 160 ? `${text.slice(0, 150)}.. (${text.length})` : text;
}
