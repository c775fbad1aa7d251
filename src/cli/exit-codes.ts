import { ProctorError, type RpcError } from "../protocol/errors.ts";

/** A failure of our own, as with env(1) and docker. */
export const ownFailure = 125;

/** The command was ended since its time was over, as with timeout(1). */
export const timeLimitReached = 124;

/** Nobody reads our output any more: what the shell would see had SIGPIPE ended us. */
export const outputGone = 128 + 13;

/** The command could not be started. `exitCode` is 127 where there is no such program, 126 where it cannot be executed. */
export class StartError extends ProctorError {
  readonly exitCode: number;

  constructor(program: string, cause: RpcError) {
    super("start", `cannot start ${program}: ${cause.message}`, { cause });
    this.exitCode = startFailureCode(cause);
  }
}

function startFailureCode({ code, message }: RpcError): number {
  if (code !== "internalError") return ownFailure;
  if (/No such file|No viable candidates/.test(message)) return 127;
  if (/Permission denied|Exec format|is a directory/.test(message)) return 126;
  return ownFailure;
}
