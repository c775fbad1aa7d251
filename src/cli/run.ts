import { ProctorError } from "../protocol/errors.ts";
import { CommandRun } from "./command-run.ts";
import { OutputGoneError } from "./copy-output.ts";
import { outputGone, ownFailure, StartError } from "./exit-codes.ts";
import { tellInspector } from "./inspect-options.ts";
import { reportRecovery } from "./report-recovery.ts";
import { openPlace, type RunPlace } from "./run-place.ts";
import { readRunRequest } from "./run-request.ts";
import { stopSignals } from "./stop-signals.ts";

/** `proctor run`: the command's output and exit code become ours. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const request = readRunRequest(args);
  const command = new CommandRun(request);
  using _signals = stopSignals(command);
  try {
    await using _otel = request.otel ? await startOtel() : null;
    await using place = await openPlace(request, command.signal);
    const { link } = place;
    reportRecovery(link);
    await tellInspector(place.inspector);
    if (request.observable) tellObservers(place);
    return await command.on(link);
  } catch (error) {
    if (error instanceof OutputGoneError) return outputGone;
    if (!(error instanceof ProctorError)) throw error;
    process.stderr.write(`proctor: ${error.message}\n`);
    return error instanceof StartError ? error.exitCode : ownFailure;
  }
}

async function startOtel(): Promise<AsyncDisposable> {
  const { startOtel: start } = await import("./otel.ts");
  return start("proctor-run", (text) => process.stderr.write(`proctor: ${text}\n`));
}

/** The line to type; a URL with secrets in it is for whoever knows them. */
function tellObservers({ link, url }: RunPlace): void {
  if (url === null) throw new ProctorError("unobservable", "--observable: nobody else reaches this environment");
  process.stderr.write(`proctor: watch with: proctor observe --url ${url} ${link.observerKey}\n`);
}
