import { EventGapError } from "../actors/event-order.ts";
import { ProcessGoneError, SessionEndedError } from "../actors/observation-errors.ts";
import { observe } from "../client/observe.ts";
import type { ObservedProcess } from "../client/observed-process.ts";
import { ProctorError } from "../protocol/errors.ts";
import { OutputGoneError } from "./copy-output.ts";
import { outputGone } from "./exit-codes.ts";
import { parseOptions, UsageError } from "./parse-options.ts";
import { reportRecovery } from "./report-recovery.ts";
import { printable, SharedOutput } from "./shared-output.ts";

/** What `proctor observe` was asked to do. */
interface ObserveRequest {
  readonly url: string;
  readonly observerKey: string;
  /** The one process to show; all of them, if absent. */
  readonly processId: string | undefined;
}

/** `proctor observe`: shows what the processes of a session print, until the session is over. */
export async function observeCommand(args: readonly string[]): Promise<number> {
  const request = readRequest(args);
  try {
    await show(request);
    return 0;
  } catch (error) {
    if (error instanceof OutputGoneError) return outputGone;
    if (!(error instanceof ProctorError)) throw error;
    tell(error.message);
    return 1;
  }
}

/** The key can stand in the environment, where other users of the machine do not see it. */
function readRequest(args: readonly string[]): ObserveRequest {
  const { values, positionals } = parseOptions({
    args: [...args],
    options: { url: { type: "string" }, process: { type: "string" } },
    allowPositionals: true,
  });
  const [observerKey = process.env.PROCTOR_OBSERVER_KEY, ...rest] = positionals;
  if (values.url === undefined) throw new UsageError("--url is missing: where is the session?");
  if (observerKey === undefined || rest.length > 0)
    throw new UsageError("one key, as `proctor run --observable` prints");
  return { url: values.url, observerKey, processId: values.process };
}

async function show({ url, observerKey, processId }: ObserveRequest): Promise<void> {
  await using observation = await observe(url, observerKey);
  reportRecovery(observation);
  const output = new SharedOutput();
  const over = Promise.withResolvers<void>();
  const shown: Promise<void>[] = [];
  observation.processes$.subscribe({
    next: (process) => {
      if (processId !== undefined && process.processId !== processId) return;
      const showing = follow(process, output);
      shown.push(showing);
      showing.then(() => (processId === undefined ? undefined : over.resolve()), over.reject);
    },
    complete: over.resolve,
    error: over.reject,
  });
  await over.promise;
  await Promise.all(shown);
  if (processId !== undefined && shown.length === 0) {
    throw new ProctorError("noProcess", `the session was over without a process ${processId}`);
  }
}

/** Shows one process, and says on stderr what is no output. */
async function follow(process: ObservedProcess, output: SharedOutput): Promise<void> {
  const name = `process ${process.processId}`;
  try {
    for await (const { stream, bytes, missedBefore } of process.output) {
      if (missedBefore !== undefined) tell(`${name}: ${missedBefore} pieces of output are lost here`);
      await output.write(process.processId, stream, bytes);
    }
    const { exitCode } = await process.exited;
    tell(`${name} exited with ${exitCode}`);
  } catch (error) {
    const isEnd = [EventGapError, ProcessGoneError, SessionEndedError].some((kind) => error instanceof kind);
    if (!(isEnd && error instanceof Error)) throw error;
    tell(error instanceof EventGapError ? `${name}: ${error.message}` : error.message);
  }
}

function tell(text: string): void {
  process.stderr.write(`proctor: ${printable(text)}\n`);
}
