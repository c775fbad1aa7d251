import { FileError, FileHelperError, FileRefusedError, type NativePath } from "../../ports/file-host.ts";
import { SandboxRefusedError, SpawnError } from "../../ports/process-host.ts";
import { type ErrorName, errorCodes } from "../../protocol/error-codes.ts";
import { RpcError, rpcError } from "../../protocol/errors.ts";
import { type PathHost, PathUri } from "../../protocol/path-uri/index.ts";

/** Operating-system failures that have a code of their own; all others are `internalError` (04 F-5). */
const codeOf: Readonly<Record<string, ErrorName>> = {
  ENOENT: "notFound",
  EACCES: "invalidRequest",
  EPERM: "invalidRequest",
  EINVAL: "invalidRequest",
};

/**
 * What a failed file operation is answered with: the code and text of the reference, and `data` that tells apart what the
 * codes do not (04 F-5, F-6); so is a sandbox that cannot be had (05 SB-F5). Anything but a file error is returned as it is.
 */
export function fileAnswer(error: unknown, host: PathHost): unknown {
  if (error instanceof FileError) {
    return answer(codeOf[error.errno] ?? "internalError", error, { errno: error.errno, ...subject(error, host) });
  }
  if (error instanceof FileRefusedError) return answer("invalidRequest", error, subject(error, host));
  if (error instanceof SandboxRefusedError) return rpcError("invalidRequest", error.message);
  if (error instanceof FileHelperError || error instanceof SpawnError) {
    return new RpcError(errorCodes.internalError, error.message, { effect: error.effect, cause: error });
  }
  return error;
}

function answer(name: ErrorName, error: FileError | FileRefusedError, data: object): RpcError {
  return new RpcError(errorCodes[name], error.message, { data, effect: error.effect, cause: error });
}

function subject({ op, path }: { readonly op: string; readonly path: NativePath }, host: PathHost) {
  return { op, path: PathUri.fromNative(path, host).canonical };
}
