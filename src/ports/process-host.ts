import { ProctorError, type ProctorErrorOptions } from "../protocol/errors.ts";
import type { SignalName } from "../protocol/extensions.ts";
import type { OutputStream, ResourceUsage } from "../protocol/process.ts";
import type { Confinement } from "./confinement.ts";

/** What to start, with every rule of the wire already applied: this is exactly what the child gets. */
export interface ChildSpec {
  /** Program and arguments; never empty. The program is looked up in `env.PATH`, relative to `cwd` (02 P-10). */
  readonly argv: readonly string[];
  /** What the child sees as its `argv[0]`; `null`: the same as `argv[0]` (02 P-13). */
  readonly arg0: string | null;
  /** Native absolute path. */
  readonly cwd: string;
  /** The whole environment: nothing is added but `SHELL` on a PTY (02 P-16, P-20). */
  readonly env: Readonly<Record<string, string>>;
  /** `none`: stdin is empty; `pipe`: stdin is ours; `pty`: a terminal carries stdin, stdout and stderr (02 P-14). */
  readonly stdin: "none" | "pipe" | "pty";
  /** What the program and its descendants are confined to; absent: nothing. */
  readonly confinement?: Confinement;
}

/** How a child ended. */
export interface ChildEnd {
  /** 0 to 255; 128 + the number of the signal that killed it; -1 when unknown (02 P-30). */
  readonly exitCode: number;
  /** What it used; `null` where the host cannot tell. */
  readonly usage: ResourceUsage | null;
  /** Why a confined program never ran (05 SB-Q6); absent: it ran. */
  readonly failure?: string;
  /** Does the end of a confined program look like the work of its confinement? (05 section 15) Absent: no. */
  readonly sandboxDenied?: boolean;
}

/** What a child tells its owner; plain callbacks, since output is the hot path. Never called before `spawn` resolved. */
export interface ChildListener {
  /** Bytes as they were read: never empty, at most 64 KiB, owned by the listener from now on. */
  output(stream: OutputStream, bytes: Uint8Array): void;
  /** A stream reached its end: once for `stdout` and once for `stderr`, or once for `pty`. */
  ended(stream: OutputStream): void;
  /** The child is gone; what it had written before can still be on its way (02 P-26), though what could be read was (02 S-9). */
  exited(end: ChildEnd): void;
  /** The child's end of stdin is gone, at the latest noticed by a write: further bytes cannot arrive. At most once. */
  stdinClosed(): void;
}

/** Signals that a child can be sent. */
export type ChildSignal = SignalName;

/** One running child: the leader of its own session and process group. */
export interface Child {
  /** OS process id, which is also its group; not for the wire (02 P-1). */
  readonly pid: number;
  /**
   * Hands bytes to stdin. Resolves when the OS took them all; rejects with a {@link BrokenStdinError} when it never will.
   * Calls are not reordered. What waits has no bound here: the caller keeps one (02 P-49).
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Tells the child that no more input comes, once it has read what was written: closes a pipe, types `^D` on a terminal. */
  endInput(): void;
  /** Gives a terminal another size; without effect on pipes. */
  resize(rows: number, columns: number): void;
  /**
   * Signals the group (on a PTY, `SIGINT` goes to the foreground group: 02 S-6); a vanished group is no error (02 P-53).
   * `SIGKILL` also kills the descendants that left the group (02 S-5), those whose ancestors are gone a little later
   * (03 D-13). After the exit it reaches what is left of the group, unless its number could belong to somebody else (02 S-4).
   * @throws SignalError when the OS refuses
   */
  signal(signal: ChildSignal): void;
  /** Stops reading the output, so that the child blocks in its write once the pipe is full. */
  pauseOutput(): void;
  /** Goes on reading. */
  resumeOutput(): void;
  /**
   * Closes every descriptor we hold for it; `ended` follows for each open stream. Idempotent; does not kill.
   * @param unread `take`: what can be read without waiting is handed on first (02 S-13); default: it is lost
   */
  release(unread?: "take"): void;
}

/** The OS refused to start a program; the message is the text of the cause, as the wire shows it (02 P-12). */
export class SpawnError extends ProctorError {
  constructor(message: string, options?: ProctorErrorOptions) {
    super("spawnFailed", message, options);
  }
}

/** A sandbox cannot be enforced as it was asked for; nothing was run. The message says why, and what to do if anything can be done. */
export class SandboxRefusedError extends ProctorError {
  constructor(message: string, options?: ProctorErrorOptions) {
    super("sandboxRefused", message, { effect: "notApplied", ...options });
  }
}

/** Bytes cannot reach the child, or not all of them did (03 D-11). */
export class BrokenStdinError extends ProctorError {
  constructor(message: string, options?: ProctorErrorOptions) {
    super("brokenStdin", message, options);
  }
}

/** The OS refused to deliver a signal, other than for want of a process (02 P-53). */
export class SignalError extends ProctorError {
  constructor(message: string, options?: ProctorErrorOptions) {
    super("signalFailed", message, options);
  }
}

/** Starts children. */
export interface ChildStarter {
  /** Starts a child. Rejects with a {@link SpawnError} and leaves nothing behind when the OS refuses, with a {@link SandboxRefusedError} when a confinement cannot be enforced. */
  spawn(spec: ChildSpec, listener: ChildListener): Promise<Child>;
}

/** Children that belong together, as those of a session do. */
export interface ProcessFamily extends ChildStarter {
  /**
   * Kills every descendant of its children that is left, wherever it fled and whether or not its ancestors live (03 D-13);
   * resolves when that is done. Without effect on families that have never had a child.
   */
  end(): Promise<void>;
}

/** Starts children on a host; the simulation scripts them. */
export interface ProcessHost extends ChildStarter {
  /** A family of its own for whoever wants to end it as a whole. */
  family(): ProcessFamily;
}
