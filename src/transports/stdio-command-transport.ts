import type { Readable, Writable } from "node:stream";
import type { Clock } from "../ports/clock.ts";
import type { Transport, TransportEnd, TransportListener } from "../ports/transport.ts";
import { ConnectError } from "./connect-error.ts";
import { StdioTransport } from "./stdio-transport.ts";

/** From SIGTERM to SIGKILL of a command that does not end (03, `STDIO_GRACE`). */
export const STDIO_GRACE_MS = 2_000;

/** From the end of its stdin to SIGTERM; with {@link STDIO_GRACE_MS} the group is gone within 3 s (03 I-30). */
export const STDIN_GRACE_MS = 500;

/** How much of what the command wrote to stderr is kept. */
const STDERR_TAIL_BYTES = 8 * 1024;

/** A program that speaks the protocol on its stdin and stdout. */
export interface StdioCommandOptions {
  /** Program and arguments; started directly, without a shell. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly clock: Clock;
  readonly cwd?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Gets what the command writes to stderr, as it comes. */
  readonly onStderr?: ((bytes: Uint8Array) => void) | undefined;
}

/**
 * Starts a program in a process group of its own and speaks to it (07 E-29). Rejects with a `ConnectError` when it cannot be
 * started.
 */
export async function startStdioCommand(options: StdioCommandOptions): Promise<StdioCommandTransport> {
  const { execa } = await import("execa");
  const [program, ...args] = options.command;
  const child = execa(program, args, {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    buffer: false,
    reject: false,
    detached: true,
    cleanup: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...options.env },
  });
  const { pid } = child;
  if (pid === undefined) {
    const { cause } = await child;
    const why = cause instanceof Error ? cause.message : "unknown cause";
    throw new ConnectError(`cannot start ${program}: ${why}`, { cause });
  }
  const { stdin, stdout, stderr } = child;
  const transport = new StdioCommandTransport({ pid, program, stdin, stdout, stderr }, options);
  child.nodeChildProcess.once("exit", (code, signal) => transport.exited(code, signal));
  return transport;
}

interface StartedCommand {
  readonly pid: number;
  readonly program: string;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/**
 * The client's end of a program started by {@link startStdioCommand}. `ended` comes when the program has ended and its
 * group has been killed. `close` ends its stdin, and after {@link STDIN_GRACE_MS} sends SIGTERM and after
 * {@link STDIO_GRACE_MS} more SIGKILL to the group; the same happens when it closes its stdout; `destroy` kills at once.
 */
export class StdioCommandTransport implements Transport {
  readonly kind = "stdio";
  /** The OS process id, which is also the process group. */
  readonly pid: number;
  readonly #lines: StdioTransport;
  readonly #clock: Clock;
  #listener: TransportListener | null = null;
  #stderrTail = Buffer.alloc(0);
  #killTimer: unknown = null;
  #exit: string | null = null;
  #streamEnd: TransportEnd | null = null;

  constructor({ pid, program, stdin, stdout, stderr }: StartedCommand, { clock, onStderr }: StdioCommandOptions) {
    this.pid = pid;
    this.#clock = clock;
    this.#lines = new StdioTransport({ input: stdout, output: stdin, clock, peer: program, closeAwaitsPeer: true });
    stderr.on("data", (bytes: Buffer) => {
      this.#stderrTail = Buffer.concat([this.#stderrTail, bytes]).subarray(-STDERR_TAIL_BYTES);
      onStderr?.(bytes);
    });
  }

  get peer(): string {
    return this.#lines.peer;
  }

  get queuedBytes(): number {
    return this.#lines.queuedBytes;
  }

  /** The last 8 KiB that the command wrote to stderr. */
  get stderrTail(): string {
    return this.#stderrTail.toString();
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
    this.#lines.open({
      message: (data) => listener.message(data),
      heard: () => listener.heard(),
      drained: () => listener.drained(),
      ended: (end) => this.#onStreamEnd(end),
    });
  }

  send(message: string | Uint8Array): void {
    this.#lines.send(message);
  }

  ping(): void {
    this.#lines.ping();
  }

  pause(): void {
    this.#lines.pause();
  }

  resume(): void {
    this.#lines.resume();
  }

  close(code: number, reason: string): void {
    this.#lines.close(code, reason);
    this.#endSoon();
  }

  destroy(): void {
    this.#signalGroup("SIGKILL");
    this.#lines.destroy();
  }

  /** The program is gone, and with it whatever is left of its group (07 E-30). */
  exited(code: number | null, signal: string | null): void {
    this.#signalGroup("SIGKILL");
    this.#exit = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
    this.#clearKillTimer();
    if (this.#streamEnd !== null) this.#report(this.#streamEnd, this.#exit);
    // A process that left the group can hold stdout open for good.
    else this.#killTimer = this.#clock.setTimeout(() => this.#lines.destroy(), STDIO_GRACE_MS);
  }

  #onStreamEnd(end: TransportEnd): void {
    this.#streamEnd = end;
    if (this.#exit === null) {
      this.#lines.close(1000, "the command closed its output");
      this.#endSoon();
    } else {
      this.#clearKillTimer();
      this.#report(end, this.#exit);
    }
  }

  #report(end: TransportEnd, exit: string): void {
    this.#listener?.ended({ code: end.code, reason: `${end.reason}; ${exit}` });
  }

  #endSoon(): void {
    if (this.#exit !== null) return;
    this.#killTimer ??= this.#clock.setTimeout(() => {
      this.#signalGroup("SIGTERM");
      this.#killTimer = this.#clock.setTimeout(() => this.#signalGroup("SIGKILL"), STDIO_GRACE_MS);
    }, STDIN_GRACE_MS);
  }

  #clearKillTimer(): void {
    if (this.#killTimer !== null) this.#clock.clearTimeout(this.#killTimer);
    this.#killTimer = null;
  }

  #signalGroup(signal: "SIGTERM" | "SIGKILL"): void {
    if (this.#exit !== null) return;
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      // The whole group is gone already, which is what was wanted.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}
