import type { Caller } from "../../actors/request-handlers.ts";
import type { FileHost, NativePath } from "../../ports/file-host.ts";
import { rpcError } from "../../protocol/errors.ts";
import { type PathHost, type PathUri, PathUriError } from "../../protocol/path-uri/index.ts";
import type { SandboxContext } from "../../protocol/sandbox.ts";
import { enforcementRefusal, needsEnforcement } from "../sandbox/intent.ts";
import { fileAnswer } from "./file-errors.ts";

/** On whose behalf a call is made, and whether it changes anything. */
export interface PathUse {
  readonly caller: Caller;
  readonly mutates: boolean;
}

/**
 * Calls on paths of one host: what its file system says becomes the answer of the wire, and the order of calls on the same
 * path is kept (04 F-5, F-7).
 */
export function pathCalls(host: FileHost) {
  /** Refusals come before the queue: at once, with nothing touched (04 F-54). */
  async function inOrder<T>(
    touched: readonly NativePath[],
    sandbox: SandboxContext | null,
    { caller, mutates }: PathUse,
    work: () => Promise<T>,
  ): Promise<T> {
    if (sandbox !== null && needsEnforcement(sandbox, host)) {
      throw rpcError("invalidRequest", enforcementRefusal(sandbox, host));
    }
    return caller.paths.run(touched, { mutates, signal: caller.signal }, async () => {
      try {
        return await work();
      } catch (error) {
        throw fileAnswer(error, host);
      }
    });
  }

  async function onPath<T>(
    params: { readonly path: PathUri; readonly sandbox: SandboxContext | null },
    use: PathUse,
    work: (path: NativePath) => Promise<T>,
  ): Promise<T> {
    const path = nativePath(params.path, host);
    return inOrder([path], params.sandbox, use, () => work(path));
  }

  return { inOrder, onPath };
}

/** Raises -32600 for a path of another system, and for one with a NUL (04 P-21, P-32). */
export function nativePath(uri: PathUri, host: PathHost): NativePath {
  try {
    const path = uri.toSystemPath(host);
    return typeof path === "string" ? path : Buffer.from(path.buffer, path.byteOffset, path.byteLength);
  } catch (error) {
    throw error instanceof PathUriError ? rpcError("invalidRequest", error.message) : error;
  }
}
