import type { ProcessActor } from "../../actors/process-actor.ts";
import type { Caller, RequestHandlers } from "../../actors/request-handlers.ts";
import type { Confinement } from "../../ports/confinement.ts";
import type { Host } from "../../ports/host.ts";
import { type ChildSpec, SandboxRefusedError } from "../../ports/process-host.ts";
import { errorCodes } from "../../protocol/error-codes.ts";
import { RpcError, rpcError } from "../../protocol/errors.ts";
import { type PathHost, PathUriError } from "../../protocol/path-uri/index.ts";
import type { ProcessStartParams } from "../../protocol/process.ts";
import type { SandboxContext } from "../../protocol/sandbox.ts";
import { childEnvironment } from "../environment/env-policy.ts";
import { bindSandbox } from "../sandbox/bind.ts";

/**
 * The `process/*` methods (02). Each acts on the session of the connection that asks; what belongs to one process stays in
 * order, since everything that comes after a start waits for that start.
 */
export function processRequests(host: Host) {
  return {
    "process/start": async (params, { session }, telemetry) => {
      const spec = childSpec(params, host);
      await session.start(params, spec, telemetry).started;
      return { processId: params.processId };
    },
    "process/read": async (params, caller) => {
      const process = await knownProcess(params.processId, caller);
      const { observer, signal } = caller;
      return observer === null ? process.read(params, signal) : observer.read(process, params, signal);
    },
    "process/write": async (params, caller) => {
      if (params.writeId === "") throw rpcError("invalidParams", "writeId must not be empty");
      const process = await startedProcess(params.processId, caller);
      if (process === undefined) return { status: "unknownProcess" };
      return { status: await process.write(params.writeId, params.chunk, caller.signal) };
    },
    "process/signal": async ({ processId }, caller) => {
      const process = await startedProcess(processId, caller);
      process?.interrupt();
      return {};
    },
    "process/closeStdin": async ({ processId }, caller) => {
      (await knownProcess(processId, caller)).closeStdin();
      return {};
    },
    "process/resize": async ({ processId, rows, cols }, caller) => {
      (await knownProcess(processId, caller)).resize(rows, cols);
      return {};
    },
    "process/kill": async ({ processId, signal }, caller) => {
      (await knownProcess(processId, caller)).kill(signal);
      return {};
    },
    "process/terminate": async ({ processId }, caller) => {
      const process = await startedProcess(processId, caller);
      return { running: process?.terminate() ?? false };
    },
  } satisfies RequestHandlers;
}

/**
 * Everything aimed at one id waits for the start that was sent before it; a start that failed never was (03 SS-32, 02 P-5).
 * What was still waiting when its connection ended is not begun any more.
 */
async function startedProcess(processId: string, { processes, signal }: Caller): Promise<ProcessActor | undefined> {
  const process = processes.get(processId);
  if (process === undefined) return undefined;
  const started = await process.started.then(
    () => true,
    () => false,
  );
  signal.throwIfAborted();
  return started ? process : undefined;
}

/** @throws RpcError `invalidRequest` for a process that is not there. */
async function knownProcess(processId: string, caller: Caller): Promise<ProcessActor> {
  const process = await startedProcess(processId, caller);
  if (process === undefined) throw rpcError("invalidRequest", `unknown process id ${processId}`);
  return process;
}

/** Applies the wire's rules in the wire's order (02 P-6); an id in use is the session's to refuse. */
function childSpec(params: ProcessStartParams, host: Host): ChildSpec {
  const env = childEnvironment(params, host.environment());
  const confinement = params.sandbox === null ? null : confinementOf(params, params.sandbox, env, host);
  // Nobody here bridges to a proxy, so nothing may run that should reach the network through one alone (05 SB-X1).
  if (params.enforceManagedNetwork) {
    throw rpcError("invalidParams", "managed network cannot be enforced on this executor");
  }
  const cwd = nativeCwd(params, host.files);
  if (params.argv.length === 0) throw rpcError("invalidParams", "argv must not be empty");
  return {
    argv: params.argv,
    arg0: params.arg0,
    cwd,
    env,
    stdin: params.tty ? "pty" : params.pipeStdin ? "pipe" : "none",
    ...(confinement !== null && { confinement }),
  };
}

/** Never runs with less protection than was asked for. */
function confinementOf(
  { cwd }: ProcessStartParams,
  sandbox: SandboxContext,
  env: Readonly<Record<string, string>>,
  { files }: Host,
): Confinement | null {
  try {
    return bindSandbox(sandbox, { host: files, requestCwd: cwd, tmpdir: env.TMPDIR });
  } catch (error) {
    if (!(error instanceof SandboxRefusedError)) throw error;
    throw new RpcError(errorCodes.invalidParams, error.message, { cause: error });
  }
}

function nativeCwd({ cwd }: ProcessStartParams, host: PathHost): string {
  try {
    return cwd.toNative(host);
  } catch (error) {
    if (!(error instanceof PathUriError)) throw error;
    throw rpcError("invalidParams", `cwd URI \`${cwd}\` is not valid on this exec-server host: ${error.message}`);
  }
}
