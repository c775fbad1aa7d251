import type { Context } from "@opentelemetry/api";
import { SpawnError } from "../ports/process-host.ts";
import type { ProcessTelemetry } from "../ports/telemetry.ts";
import { errorTypeOf } from "./error-type.ts";
import type { ExecutorSignals } from "./executor-signals.ts";
import { redact } from "./redact.ts";
import type { OpenSpan } from "./spans.ts";

/** How a process came to its end; the first word counts (07 E-47). */
type Verdict = "success" | "error" | "terminated" | "unknown";

/** What is told of one process: a span from its start to its exit, and its verdict. Its arguments and variables are never known here. */
export class ProcessReport implements ProcessTelemetry {
  readonly #facts: { readonly process: string; readonly connection: string; childPid?: number };
  readonly #signals: ExecutorSignals;
  readonly #span: OpenSpan | null;
  /** When the OS had started it. */
  #since: number | null = null;
  #isOver = false;

  constructor(processId: string, connection: string, parent: Context | null, signals: ExecutorSignals) {
    // Clients choose these names, so they may be anything.
    this.#facts = { process: redact(processId), connection };
    this.#signals = signals;
    const ids = signals.spans?.includeIds === true ? { "process.id": processId } : {};
    this.#span = signals.spans?.open("codex.exec_server.process", "INTERNAL", parent, ids) ?? null;
  }

  started(pid: number): void {
    const { clock, log, instruments } = this.#signals;
    this.#since = clock.now();
    this.#facts.childPid = pid;
    instruments?.starts.add(1);
    log?.info(this.#facts, "process started");
  }

  failed(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { spans, log } = this.#signals;
    const errorType = errorTypeOf(error);
    if (this.#span !== null) spans?.close(this.#span, false, { "error.type": errorType });
    // The system's own words hold nothing of the request; others may.
    const reason = error instanceof SpawnError ? redact(error.message) : errorType;
    log?.info({ ...this.#facts, reason }, "process could not be started");
  }

  exited(exitCode: number, isTerminated: boolean): void {
    this.#end(isTerminated ? "terminated" : exitCode === 0 ? "success" : "error", exitCode);
  }

  dropped(isTerminated: boolean): void {
    this.#end(isTerminated ? "terminated" : "unknown", null);
  }

  #end(result: Verdict, exitCode: number | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { spans, log, instruments, clock } = this.#signals;
    const seconds = this.#since === null ? 0 : (clock.now() - this.#since) / 1_000;
    const code = exitCode === null ? {} : { "process.exit_code": exitCode };
    if (this.#span !== null) spans?.close(this.#span, result === "success", { result, ...code });
    if (this.#since === null) return; // it was given up before it was there
    instruments?.finished.add(1, { result });
    instruments?.processSeconds.record(seconds, { result });
    log?.info({ ...this.#facts, result, exitCode, durationMs: Math.round(seconds * 1_000) }, "process over");
  }
}
