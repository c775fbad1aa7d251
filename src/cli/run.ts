import { resolve } from "node:path";
import type { Link } from "../client/link.ts";
import { connect, type InspectedLink } from "../connect.ts";
import { ProctorError } from "../protocol/errors.ts";
import { redactUrl } from "../transports/redact-url.ts";
import { CommandRun } from "./command-run.ts";
import { OutputGoneError } from "./copy-output.ts";
import { outputGone, ownFailure, StartError } from "./exit-codes.ts";
import { tellInspector } from "./inspect-options.ts";
import { reportRecovery } from "./report-recovery.ts";
import { type RunRequest, readRunRequest } from "./run-request.ts";
import { stopSignals } from "./stop-signals.ts";

/** `proctor run`: the command's output and exit code become ours. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const request = readRunRequest(args);
  const command = new CommandRun(request);
  using _signals = stopSignals(command);
  try {
    await using link = await open(request, command.signal);
    reportRecovery(link);
    await tellInspector(link.inspector);
    if (request.observable) tellObservers(request, link);
    return await command.on(link);
  } catch (error) {
    if (error instanceof OutputGoneError) return outputGone;
    if (!(error instanceof ProctorError)) throw error;
    process.stderr.write(`proctor: ${error.message}\n`);
    return error instanceof StartError ? error.exitCode : ownFailure;
  }
}

/** The line to type; a URL with secrets in it is for whoever knows them. */
function tellObservers({ url = "" }: RunRequest, { observerKey }: Link): void {
  process.stderr.write(`proctor: watch with: proctor observe --url ${redactUrl(url)} ${observerKey}\n`);
}

async function open({ url, cwd, inspect }: RunRequest, signal: AbortSignal): Promise<InspectedLink> {
  if (url !== undefined) return connect(url, { signal, inspect, ...(cwd !== undefined && { cwd }) });
  const { localEnvironment } = await import("../local-environment.ts");
  return localEnvironment({ cwd: resolve(cwd ?? ""), signal, inspect });
}
