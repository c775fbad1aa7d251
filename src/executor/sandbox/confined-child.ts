import type { Clock } from "../../ports/clock.ts";
import type { Child, ChildEnd, ChildListener, ChildSignal, ChildSpec } from "../../ports/process-host.ts";
import type { OutputStream } from "../../protocol/process.ts";
import { readProcess } from "../spawn/process-table.ts";
import { send } from "../spawn/send-signal.ts";
import { DenialWatch } from "./denial.ts";
import type { ProgramStatus } from "./status-pipe.ts";

/** How long an exit waits for the end of the output, which the verdict is about (05 SB-D5). */
const outputGraceMs = 20;
/** Of what bubblewrap says when it fails, this much is told. */
const failureBytes = 4 * 1024;

/** Starts what confines a program; `inherited` are descriptors that it gets under their own numbers. */
export type EnclosedStart = (
  order: { readonly file: string; readonly spec: ChildSpec; readonly inherited: readonly number[] },
  listener: ChildListener,
) => Promise<Child>;

/** What surrounds a confined program. */
export interface Enclosure {
  readonly status: ProgramStatus;
  /** Has the program a session of its own, so that its group is that of the first process inside? */
  readonly newSession: boolean;
  readonly onTerminal: boolean;
  /** Does what was started wait for the program, so that its use is counted? bubblewrap does not, in a namespace of processes. */
  readonly countsUsage: boolean;
  /** Everybody inside is gone: what was put on the host for them goes too. Tells what they made and must not have. */
  end(): readonly string[];
}

/**
 * Stands between a confined program and its owner: holds the exit back until all output is there, tells a sandbox that could not be
 * set up from a program that failed, and says whether a failure looks like the work of the sandbox.
 */
export class ConfinedEnd implements ChildListener {
  readonly #enclosure: Enclosure;
  readonly #listener: ChildListener;
  readonly #clock: Clock;
  readonly #denial = new DenialWatch();
  readonly #open: Set<OutputStream>;
  #said = Buffer.alloc(0);
  #end: ChildEnd | null = null;
  #timer: unknown = null;
  #isOver = false;

  constructor(enclosure: Enclosure, listener: ChildListener, clock: Clock) {
    this.#enclosure = enclosure;
    this.#listener = listener;
    this.#clock = clock;
    this.#open = new Set<OutputStream>(enclosure.onTerminal ? ["pty"] : ["stdout", "stderr"]);
  }

  /** Has bubblewrap ended? Then numbers of processes inside may be anybody's. */
  get hasEnded(): boolean {
    return this.#end !== null;
  }

  output(stream: OutputStream, bytes: Uint8Array): void {
    if (!this.#isOver) {
      this.#denial.printed(stream, bytes);
      if (stream !== "stdout" && this.#said.length < failureBytes) this.#said = Buffer.concat([this.#said, bytes]);
    }
    this.#listener.output(stream, bytes);
  }

  /** Tells the owner something in the program's own output, as long as it has any. */
  say(text: string): void {
    const stream = this.#enclosure.onTerminal ? "pty" : "stderr";
    if (this.#open.has(stream)) this.output(stream, Buffer.from(text));
  }

  ended(stream: OutputStream): void {
    this.#listener.ended(stream);
    this.#open.delete(stream);
    if (this.#open.size === 0) this.#report();
  }

  exited(end: ChildEnd): void {
    this.#end = end;
    if (this.#open.size === 0) this.#report();
    else this.#timer = this.#clock.setTimeout(() => this.#report(), outputGraceMs);
  }

  stdinClosed(): void {
    this.#listener.stdinClosed();
  }

  #report(): void {
    if (this.#end === null || this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    const { exitCode } = this.#end;
    const { status, countsUsage } = this.#enclosure;
    const usage = countsUsage ? this.#end.usage : null;
    const { hasRun } = status;
    status.close();
    const forbidden = this.#enclosure.end();
    // bubblewrap fails with 1; any other code without a word about the program is a signal to bubblewrap itself.
    if (!hasRun && exitCode === 1) {
      const said = this.#said.toString("utf8", 0, failureBytes).trim();
      const failure = `the sandbox could not be set up: ${said === "" ? "bubblewrap said nothing" : said}`;
      return this.#listener.exited({ exitCode, usage, failure });
    }
    const code = forbidden.length > 0 && exitCode === 0 ? 1 : exitCode;
    const sandboxDenied = forbidden.length > 0 || this.#denial.verdict(exitCode);
    this.#listener.exited({ exitCode: code, usage, sandboxDenied });
  }
}

/** A confined program, as its owner handles it. */
export class ConfinedChild implements Child {
  readonly pid: number;
  readonly #child: Child;
  readonly #enclosure: Enclosure;
  readonly #end: ConfinedEnd;

  constructor(child: Child, enclosure: Enclosure, end: ConfinedEnd) {
    this.pid = child.pid;
    this.#child = child;
    this.#enclosure = enclosure;
    this.#end = end;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#child.write(bytes);
  }

  endInput(): void {
    this.#child.endInput();
  }

  resize(rows: number, columns: number): void {
    this.#child.resize(rows, columns);
  }

  /** What a program can handle goes to its own group, not to bubblewrap, which would die of it (05 SB-T1). */
  signal(signal: ChildSignal): void {
    const isForInside = signal !== "SIGKILL" && this.#enclosure.newSession && !this.#end.hasEnded;
    if (isForInside && this.#signalInside(signal)) return;
    this.#child.signal(signal);
  }

  pauseOutput(): void {
    this.#child.pauseOutput();
  }

  resumeOutput(): void {
    this.#child.resumeOutput();
  }

  release(unread?: "take"): void {
    this.#child.release(unread);
  }

  /** False: nobody is inside yet, so that bubblewrap itself is what runs. */
  #signalInside(signal: ChildSignal): boolean {
    const leader = this.#enclosure.status.childPid;
    if (leader === null || readProcess(leader)?.group !== leader) return false;
    return send(-leader, signal) === "sent";
  }
}
