import type { Caller } from "../../actors/request-handlers.ts";
import type { FileHost, NativePath } from "../../ports/file-host.ts";
import { rpcError } from "../../protocol/errors.ts";
import { type PathHost, type PathUri, PathUriError } from "../../protocol/path-uri/index.ts";
import type { SandboxContext } from "../../protocol/sandbox.ts";
import type { FileConfiner } from "./file-confinement.ts";
import { fileAnswer } from "./file-errors.ts";

/** On whose behalf a call is made, and whether it changes anything. */
export interface PathUse {
  readonly caller: Caller;
  readonly mutates: boolean;
  /** A call with a key is its session's, which asks for its outcome over the next connection (03 D-5): it is not abandoned with this one. */
  readonly idempotencyKey?: string | null;
}

/**
 * Calls on paths of one host: what its file system says becomes the answer of the wire, and the order of calls on the same
 * path is kept (04 F-5, F-7).
 */
export function pathCalls(host: FileHost, confine: FileConfiner) {
  /** Refusals come before the queue: at once, with nothing touched (04 F-54). */
  async function inOrder<T>(
    touched: readonly NativePath[],
    sandbox: SandboxContext | null,
    { caller, mutates, idempotencyKey = null }: PathUse,
    work: (files: FileHost) => Promise<T>,
  ): Promise<T> {
    const files = confine(sandbox, idempotencyKey === null ? caller.signal : undefined);
    return caller.paths.run(touched, { mutates, signal: caller.signal }, async () => {
      try {
        return await work(files);
      } catch (error) {
        throw fileAnswer(error, host);
      }
    });
  }

  async function onPath<T>(
    params: { readonly path: PathUri; readonly sandbox: SandboxContext | null },
    use: PathUse,
    work: (path: NativePath, files: FileHost) => Promise<T>,
  ): Promise<T> {
    const path = nativePath(params.path, host);
    return inOrder([path], params.sandbox, use, (files) => work(path, files));
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
