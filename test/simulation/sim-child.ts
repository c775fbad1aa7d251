import { Buffer } from "node:buffer";
import type { Clock } from "../../src/ports/clock.ts";
import {
  BrokenStdinError,
  type Child,
  type ChildListener,
  type ChildSignal,
  type ChildSpec,
} from "../../src/ports/process-host.ts";
import type { OutputStream } from "../../src/protocol/process.ts";
import { chance } from "./chance.ts";
import type { Fork, Program } from "./scenario.ts";
import { SimDescendant } from "./sim-descendant.ts";

/** What a process really did, numbered as its executor has to number it. */
export type Deed =
  | { readonly type: "output"; readonly stream: OutputStream; readonly bytes: Uint8Array }
  | { readonly type: "exited"; readonly exitCode: number };

/** All output is cut from this, so that no two pieces that could be confused are alike. */
const text = Buffer.alloc(1 << 20);
for (let place = 0; place < text.length; place += 4) text.writeUInt32LE(chance("text", place), place);

/** What a child needs of its machine. */
export interface ChildWorld {
  readonly clock: Clock;
  readonly listener: ChildListener;
  /** Whether a later executor tells what became of it. */
  readonly isJournaled: boolean;
  trace(text: string): void;
  /** Its executor sends it a signal. */
  signalled(name: string, signal: ChildSignal): void;
}

interface WaitingWrite {
  readonly bytes: Uint8Array;
  readonly take: () => void;
  readonly refuse: (error: unknown) => void;
}

/** A process that does what its program says, on virtual time, and remembers everything. */
export class SimChild implements Child {
  readonly pid: number;
  readonly name: string;
  readonly spec: ChildSpec;
  readonly bornAtMs: number;
  readonly signals: ChildSignal[] = [];
  /** What it did, in order: the n-th is event n. */
  readonly deeds: Deed[] = [];
  /** What it read from stdin. */
  input = "";
  inputEnded = false;
  closedStdin = false;
  hasExited = false;
  released = false;
  /** The executor closed its streams before they had ended. */
  wasCutShort = false;
  /** When it had exited, and its last stream had ended. */
  overAtMs: number | null = null;
  readonly #program: Program;
  readonly #clock: Clock;
  readonly #listener: ChildListener;
  readonly #trace: (text: string) => void;
  readonly #signalled: (signal: ChildSignal) => void;
  readonly #isJournaled: boolean;
  readonly #timers = new Set<unknown>();
  readonly #descendants: SimDescendant[] = [];
  readonly #open = new Set<OutputStream>();
  readonly #ending = new Set<OutputStream>();
  #writes: WaitingWrite[] = [];
  #reads = 0;
  #isReading = false;
  #readsAll = false;
  #paused = false;
  #blocked: (() => void) | null = null;
  #printed = 0;
  /** It has closed its own ends of the streams. */
  #hasLetGo = false;
  #isCrashed = false;

  constructor(
    pid: number,
    name: string,
    spec: ChildSpec,
    program: Program,
    { clock, listener, trace, signalled, isJournaled }: ChildWorld,
  ) {
    this.pid = pid;
    this.name = name;
    this.spec = spec;
    this.#program = program;
    this.#clock = clock;
    this.#listener = listener;
    this.#isJournaled = isJournaled;
    this.#trace = (what) => trace(`${name} ${what}`);
    this.#signalled = (signal) => signalled(name, signal);
    this.bornAtMs = clock.now();
    for (const stream of spec.stdin === "pty" ? (["pty"] as const) : (["stdout", "stderr"] as const))
      this.#open.add(stream);
    this.#printNext(0);
    for (const fork of program.forks) this.#after(fork.atMs, () => this.#fork(fork));
  }

  /** Does it, or a descendant of it, still run? */
  get isAlive(): boolean {
    return !this.#isCrashed && (!this.hasExited || this.#descendants.some(({ isAlive }) => isAlive));
  }

  /** Does something run that an order to this process ends? Not what outlives its close: that is the session's to end. */
  get isWithinReach(): boolean {
    if (this.#isCrashed || !this.hasExited) return !this.#isCrashed;
    return !this.isOver && this.#descendants.some(({ isAlive }) => isAlive);
  }

  /** Kills every descendant, wherever it fled; resolves when none is left (03 D-13). */
  async endDescendants(): Promise<void> {
    const alive = this.#descendants.filter(({ isAlive }) => isAlive);
    for (const descendant of alive) descendant.signal("SIGKILL");
    await Promise.all(alive.map(({ ended }) => ended));
  }

  /** Has everything ended that its executor has to hear of? */
  get isOver(): boolean {
    return this.hasExited && this.#open.size === 0;
  }

  /** Does it read what it is given, and soon? */
  get readsSoon(): boolean {
    const { readEveryMs, closesStdinAfter } = this.#program;
    return !this.hasExited && this.isAlive && closesStdinAfter === null && readEveryMs !== null && readEveryMs <= 30;
  }

  /** Comes to its end by itself, soon, whatever its program says. */
  finishSoon(): void {
    this.#readsAll = true;
    this.#read();
    if (!this.hasExited) this.#after(50, () => this.#exit(this.#program.exitCode));
    for (const [place, descendant] of this.#descendants.entries()) this.#after(60 + place, () => descendant.finish());
  }

  /** Dies with its executor, and nobody hears of it. */
  crash(): void {
    this.#isCrashed = true;
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
    for (const descendant of this.#descendants) descendant.crash();
    if (!this.#isJournaled) return;
    if (!this.hasExited) this.deeds.push({ type: "exited", exitCode: 137 });
    this.hasExited = true;
    this.#open.clear();
    this.overAtMs ??= this.#clock.now();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.closedStdin || this.hasExited) return Promise.reject(new BrokenStdinError("nobody reads"));
    return new Promise((take, refuse) => {
      this.#writes.push({ bytes, take, refuse });
      this.#read();
    });
  }

  endInput(): void {
    if (this.inputEnded) return;
    this.inputEnded = true;
    this.#trace("stdin ends");
    if (this.#program.exitsAtEndOfInput && !this.hasExited) this.#after(1, () => this.#exit(this.#program.exitCode));
  }

  resize(): void {
    // nothing that could be seen
  }

  signal(signal: ChildSignal): void {
    this.signals.push(signal);
    this.#trace(`gets ${signal}`);
    this.#signalled(signal);
    for (const descendant of this.#descendants) if (this.#reaches(descendant, signal)) descendant.signal(signal);
    if (signal === "SIGKILL") this.#after(this.#program.killTakesMs, () => this.#exit(137));
    if (signal === "SIGINT" && this.#program.heedsInterrupt) this.#after(1, () => this.#exit(130));
    if (signal === "SIGTERM" && this.#program.heedsTerm) this.#after(1, () => this.#exit(143));
  }

  pauseOutput(): void {
    this.#paused = true;
  }

  resumeOutput(): void {
    this.#paused = false;
    const blocked = this.#blocked;
    this.#blocked = null;
    if (blocked !== null) this.#after(0, blocked);
    if (this.#ending.size > 0) this.#after(0, () => this.#endStreams());
  }

  release(): void {
    // An executor lets go of what has not ended only where it kills; it must not call such a process closed.
    if (this.#open.size > 0 && !this.signals.includes("SIGKILL")) this.wasCutShort = true;
    this.released = true;
    this.#paused = false;
    for (const stream of this.#open) this.#ending.add(stream);
    this.#after(0, () => this.#endStreams());
  }

  #after(ms: number, then: () => void): void {
    if (this.#isCrashed) return;
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }

  #printNext(index: number): void {
    const next = this.#program.output[index];
    if (next === undefined) {
      if (this.#program.closesOutputEarly) {
        this.#after(1, () => {
          this.#hasLetGo = true;
          this.#endUnheld();
        });
      }
      if (this.#program.exitAfterMs !== null)
        this.#after(this.#program.exitAfterMs, () => this.#exit(this.#program.exitCode));
      return;
    }
    this.#after(next.afterMs, () =>
      this.#unlessPaused(() => {
        if (this.hasExited) return;
        this.#print(next.stream, next.bytes);
        this.#printNext(index + 1);
      }),
    );
  }

  #unlessPaused(then: () => void): void {
    if (this.#paused) this.#blocked = () => this.#unlessPaused(then);
    else then();
  }

  #print(wanted: "stdout" | "stderr", size: number): void {
    const stream = this.spec.stdin === "pty" ? "pty" : wanted;
    if (size === 0 || !this.#open.has(stream) || this.released) return;
    const from = chance(this.name, this.#printed) % (text.length - size);
    this.#printed += 1;
    const bytes = text.subarray(from, from + size);
    this.deeds.push({ type: "output", stream, bytes });
    this.#trace(`prints ${size} on ${stream}`);
    this.#listener.output(stream, bytes);
  }

  #exit(exitCode: number): void {
    if (this.hasExited) return;
    this.hasExited = true;
    // Of an end that its executor did not wait for, the next one can only tell that it was brought about.
    this.deeds.push({ type: "exited", exitCode: this.released && this.#isJournaled ? 137 : exitCode });
    this.#trace(`exits ${exitCode}`);
    for (const { refuse } of this.#writes.splice(0)) refuse(new BrokenStdinError("the child is gone"));
    if (this.isOver) this.overAtMs = this.#clock.now();
    this.#listener.exited({ exitCode, usage: null });
    this.#after(this.#program.endLagMs, () => {
      this.#hasLetGo = true;
      this.#endUnheld();
    });
  }

  #fork(fork: Fork): void {
    if (this.hasExited || this.signals.includes("SIGKILL")) return;
    this.#trace(`forks${fork.leavesGroup ? " into a group of its own" : ""}`);
    const descendant: SimDescendant = new SimDescendant(fork, {
      clock: this.#clock,
      killTakesMs: this.#program.killTakesMs,
      print: (bytes) => {
        if (fork.holdsPipes && !this.#paused) this.#print("stdout", bytes);
      },
      ended: () => {
        this.#trace("loses a descendant");
        this.#endUnheld();
      },
    });
    this.#descendants.push(descendant);
  }

  /** The group as a whole; a kill also finds those that left it (02 S-5, 03 D-13). */
  #reaches({ fork }: SimDescendant, signal: ChildSignal): boolean {
    return !this.isOver && (signal === "SIGKILL" || !fork.leavesGroup);
  }

  /** The streams end when nobody holds them any more. */
  #endUnheld(): void {
    const isHeld = this.#descendants.some(({ isAlive, fork }) => isAlive && fork.holdsPipes);
    if (this.#hasLetGo && !isHeld) this.#endOutput();
  }

  /** Every end of the pipes is closed by whoever held it. */
  #endOutput(): void {
    for (const stream of this.#open) {
      if (stream !== "stderr") this.#ending.add(stream);
      else this.#after(this.#program.stderrLagMs, () => this.#endStderr());
    }
    this.#endStreams();
  }

  #endStderr(): void {
    this.#ending.add("stderr");
    this.#endStreams();
  }

  #endStreams(): void {
    if (this.#paused) return;
    for (const stream of this.#ending) {
      if (!this.#open.delete(stream)) continue;
      this.#trace(`${stream} ends`);
      if (this.isOver) this.overAtMs = this.#clock.now();
      this.#listener.ended(stream);
    }
    this.#ending.clear();
  }

  #read(): void {
    if (this.#isReading || this.#writes.length === 0 || this.hasExited) return;
    const { readEveryMs, closesStdinAfter } = this.#program;
    if (closesStdinAfter !== null && this.#reads >= closesStdinAfter) return this.#closeStdin();
    if (readEveryMs === null && !this.#readsAll) return;
    this.#isReading = true;
    this.#after(this.#readsAll ? 0 : (readEveryMs ?? 0), () => {
      this.#isReading = false;
      if (this.hasExited) return;
      const next = this.#writes.shift();
      if (next === undefined) return;
      this.#reads += 1;
      this.input += Buffer.from(next.bytes).toString("latin1");
      this.#trace(`reads ${next.bytes.length}`);
      next.take();
      this.#read();
    });
  }

  #closeStdin(): void {
    this.closedStdin = true;
    this.#trace("closes its stdin");
    for (const { refuse } of this.#writes.splice(0)) refuse(new BrokenStdinError("the child closed its stdin"));
    this.#listener.stdinClosed();
  }
}
