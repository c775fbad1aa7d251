import { confinedFiles } from "../../actors/confined-files.ts";
import type { FileHelpers } from "../../actors/file-helpers.ts";
import type { FileConfinement } from "../../ports/confinement.ts";
import type { FileHost } from "../../ports/file-host.ts";
import type { Host } from "../../ports/host.ts";
import { SandboxRefusedError } from "../../ports/process-host.ts";
import { rpcError } from "../../protocol/errors.ts";
import { type PathHost, PathUri, PathUriError } from "../../protocol/path-uri/index.ts";
import type { SandboxContext } from "../../protocol/sandbox.ts";
import { bindSandbox } from "../sandbox/bind.ts";
import { needsEnforcement, restrictedFiles } from "../sandbox/intent.ts";

/** Says which files an operation sees: those of the host, or those that its sandbox leaves of them. */
export type FileConfiner = (sandbox: SandboxContext | null, signal: AbortSignal | undefined) => FileHost;

/**
 * The files as operations see them that carry a sandbox (04 F-51; 05 section 4). What a context cannot mean here is refused before
 * anything is touched (04 F-54; 05 SB-F2), and nothing is ever done with less protection than was asked for.
 * @param helpers `null`: this host cannot confine file operations
 */
export function fileConfiner(host: Pick<Host, "files" | "environment">, helpers: FileHelpers | null): FileConfiner {
  return (sandbox, signal) => {
    if (sandbox === null || !needsEnforcement(sandbox, host.files)) return host.files;
    const confinement = bound(sandbox, host);
    if (confinement === null) return host.files;
    if (helpers === null) {
      throw rpcError("invalidRequest", "sandboxed filesystem operations are not supported on this executor");
    }
    return confinedFiles(helpers, confinement, host.files, signal);
  };
}

/** @throws RpcError `invalidRequest` (05 SB-B1, SB-B3) */
function bound(sandbox: SandboxContext, host: Pick<Host, "files" | "environment">): FileConfinement | null {
  try {
    checkPlaces(sandbox, host.files);
    const requestCwd = PathUri.fromNative(process.cwd(), host.files);
    const places = { host: host.files, requestCwd, tmpdir: host.environment().TMPDIR };
    return bindSandbox(sandbox, places)?.files ?? null;
  } catch (error) {
    if (error instanceof SandboxRefusedError || error instanceof PathUriError) {
      throw rpcError("invalidRequest", error.message);
    }
    throw error;
  }
}

/** In the words that file methods have for what is not of this host (05 SB-B1). */
function checkPlaces({ cwd, workspaceRoots, permissions }: SandboxContext, host: PathHost): void {
  const entries = restrictedFiles(permissions)?.entries ?? [];
  for (const { path } of entries) {
    if (path.type === "path") native(path.path, host, "invalid sandbox permission path URI: ");
  }
  if (cwd !== null) native(cwd, host, "");
  for (const root of workspaceRoots) {
    native(root, host, "file system sandbox workspace root is not native to this exec-server host: ");
  }
  const isDynamic = entries.some(
    ({ path }) =>
      (path.type === "special" &&
        (path.value.kind === "project_roots" || path.value.kind === "current_working_directory")) ||
      (path.type === "glob_pattern" && !path.pattern.startsWith("/")),
  );
  if (isDynamic && cwd === null) {
    throw new SandboxRefusedError("file system sandbox context with dynamic permissions requires cwd");
  }
}

function native(uri: PathUri, host: PathHost, prefix: string): void {
  try {
    uri.toSystemPath(host);
  } catch (error) {
    if (!(error instanceof PathUriError)) throw error;
    throw new SandboxRefusedError(`${prefix}${error.message}`, { cause: error });
  }
}
