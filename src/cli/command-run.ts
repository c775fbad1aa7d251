import type { Link } from "../client/link.ts";
import type { OutputChunk } from "../client/output-reader.ts";
import type { RemoteProcess } from "../client/remote-process.ts";
import { ProctorError, RpcError } from "../protocol/errors.ts";
import { copyOutput } from "./copy-output.ts";
import { StartError, timeLimitReached } from "./exit-codes.ts";
import { forwardInput } from "./forward-input.ts";
import { localTerminalSize, rawTerminal } from "./local-terminal.ts";
import type { RunRequest } from "./run-request.ts";
import type { Stoppable } from "./stop-signals.ts";
import { usageText } from "./usage-text.ts";

/** One command of `proctor run`, from before its start to its last byte, and what the user's signals do to it. */
export class CommandRun implements Stoppable {
  /** Has everybody been told that the command must end? */
  readonly #stop = new AbortController();
  readonly #request: RunRequest;
  #child: RemoteProcess | null = null;
  #output: AsyncIterableIterator<OutputChunk> | null = null;
  #exited = false;

  constructor(request: RunRequest) {
    this.#request = request;
  }

  /** Aborted when the command must end, or need not begin. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  interrupt(): void {
    if (this.#exited) return this.#leave();
    if (this.#child === null) return this.terminate();
    // Where it cannot be delivered the link has failed, and reading the output says so.
    this.#child.interrupt().catch(() => undefined);
  }

  terminate(): void {
    if (this.#exited) return this.#leave();
    this.#stop.abort(new ProctorError("stopped", "stopped before the command was started"));
  }

  /** Runs it, with our input and output; resolves to its exit code. */
  async on(link: Link): Promise<number> {
    const { stdin, tty, usage: tellsUsage } = this.#request;
    if (tellsUsage) link.require("usage");
    const child = await this.#start(link);
    const over = new AbortController();
    using _raw = tty ? rawTerminal() : null;
    using _size = tty ? followLocalSize(child) : null;
    const forwarding = stdin ? forwardInput(child.stdin, { tty, signal: over.signal }) : null;
    try {
      this.#output = child.output;
      await copyOutput(this.#output);
      const { exitCode, timedOut, usage, sandboxDenied, failure } = await child.exited;
      if (failure !== undefined) throw new ProctorError("sandboxFailed", failure, { effect: "notApplied" });
      if (tellsUsage) process.stderr.write(`proctor: ${usageText(usage)}\n`);
      if (sandboxDenied) process.stderr.write("proctor: the sandbox seems to have kept the command from something\n");
      if (timedOut) return this.#reportTimeLimit();
      return exitCode < 0 ? 255 : exitCode; // an executor that cannot tell says -1 (02 P-30)
    } finally {
      over.abort();
      await forwarding;
    }
  }

  async #start(link: Link): Promise<RemoteProcess> {
    const { argv, env, tty, stdin, timeLimitMs, sandbox } = this.#request;
    const { TERM } = process.env;
    try {
      const child = await link.start(tty ? onSizedTerminal(argv) : argv, {
        env: tty && TERM !== undefined ? { TERM, ...env } : env,
        tty,
        stdin,
        timeLimitMs,
        sandbox,
        signal: this.signal,
      });
      this.#child = child;
      const markExited = () => {
        this.#exited = true;
      };
      child.exited.then(markExited, markExited);
      return child;
    } catch (error) {
      throw error instanceof RpcError ? new StartError(argv[0], error) : error;
    }
  }

  #reportTimeLimit(): number {
    const seconds = (this.#request.timeLimitMs ?? 0) / 1_000;
    process.stderr.write(`proctor: the command was ended after its time limit of ${seconds} s\n`);
    return timeLimitReached;
  }

  /** After the exit only its descendants hold the output, and the user does not want to wait for them. */
  #leave(): void {
    void this.#output?.return?.();
  }
}

/** Passes every change of the local terminal's size on, to an executor that can take it. */
function followLocalSize(child: RemoteProcess): Disposable {
  const pass = () => {
    const size = localTerminalSize();
    // An executor without this, or a link that is over: the terminal keeps the size that it has.
    if (size !== null) child.resize(size.rows, size.columns).catch(() => undefined);
  };
  process.stdout.on("resize", pass);
  return { [Symbol.dispose]: () => void process.stdout.off("resize", pass) };
}

/** The wire cannot start a terminal in another size, but a shell on it can set it before the command begins. */
function onSizedTerminal(argv: RunRequest["argv"]): RunRequest["argv"] {
  const size = localTerminalSize();
  if (size === null) return argv;
  const setSize = `stty rows ${size.rows} cols ${size.columns} 2>/dev/null`;
  return ["sh", "-c", `${setSize}; exec "$@"`, "sh", ...argv];
}
