import { posix } from "node:path";
import type { Access, BoundEntry, Confinement, DenyGlob } from "../../ports/confinement.ts";
import { SandboxRefusedError } from "../../ports/process-host.ts";
import { type PathHost, type PathUri, PathUriError } from "../../protocol/path-uri/index.ts";
import type { SandboxContext } from "../../protocol/sandbox.ts";
import { grantsFullWrite, hasFullRead, type IntentEntry, restrictedFiles, restrictsNetwork } from "./intent.ts";
import { isWithin } from "./path-text.ts";

/** What symbols in a profile are bound to (05 section 2). */
export interface BindingPlaces {
  readonly host: PathHost;
  /** The cwd of the request, for a context that names none (05 SB-B3). */
  readonly requestCwd: PathUri;
  /** `TMPDIR` of the program to be started. */
  readonly tmpdir: string | undefined;
}

const projectRootsScheme = "codex-project-roots://";

/**
 * The intent of a request in terms of this host; `null` when nothing is to be enforced (05 SB-N2).
 * @throws SandboxRefusedError for what is not of this host, or cannot be meant (05 SB-B1, SB-B5, SB-G2)
 */
export function bindSandbox(context: SandboxContext, places: BindingPlaces): Confinement | null {
  const files = restrictedFiles(context.permissions);
  const { host } = places;
  for (const { path } of files?.entries ?? []) {
    if (path.type === "path") native(path.path, host, () => "invalid sandbox permission path URI: ");
  }
  const cwd =
    context.cwd &&
    native(context.cwd, host, (uri) => `sandbox cwd URI \`${uri}\` is not valid on this exec-server host: `);
  const namedRoots = context.workspaceRoots.map((root) =>
    native(root, host, (uri) => `sandbox workspace root URI \`${uri}\` is not valid on this exec-server host: `),
  );
  const requestCwd = native(
    places.requestCwd,
    host,
    (uri) => `failed to prepare process sandbox: command cwd URI \`${uri}\` is not valid on this host: `,
  );
  const network = restrictsNetwork(context) ? "restricted" : "enabled";
  if (files === null || grantsFullWrite(files.entries)) {
    return network === "restricted" ? { files: null, network } : null;
  }
  const policyCwd = cwd ?? requestCwd;
  const binding = { places, policyCwd, roots: namedRoots.length > 0 ? namedRoots : [policyCwd] };
  return {
    files: {
      entries: files.entries.flatMap((entry) => bindEntry(entry, binding)),
      denyGlobs: files.entries.flatMap((entry) => bindGlob(entry, binding)),
      globScanMaxDepth: files.globScanMaxDepth,
      platformDefaults: !hasFullRead(files.entries) && files.entries.some(isMinimal),
    },
    network,
  };
}

interface Binding {
  readonly places: BindingPlaces;
  readonly policyCwd: string;
  readonly roots: readonly string[];
}

function bindEntry({ path, access }: IntentEntry, { places, roots }: Binding): BoundEntry[] {
  if (path.type === "glob_pattern") return [];
  const at = (bound: string): BoundEntry => ({ path: bound, access });
  if (path.type === "path") return [at(native(path.path, places.host, () => ""))];
  const special = path.value;
  switch (special.kind) {
    case "root":
      return [at("/")];
    case "project_roots":
    case "current_working_directory":
      return roots.map((root) => at(below(root, special.subpath ?? "")));
    case "slash_tmp":
      return [{ ...at("/tmp"), onlyDirectory: true }];
    case "tmpdir":
      return tmpdirEntry(access, places.tmpdir, roots);
    case "minimal":
    case "unknown":
      return [];
  }
}

/** 05 SB-B6; a pattern that would only grant is ignored. */
function bindGlob({ path, access }: IntentEntry, { policyCwd, roots }: Binding): DenyGlob[] {
  if (path.type !== "glob_pattern" || access !== "deny") return [];
  const { pattern } = path;
  if (pattern.startsWith(projectRootsScheme)) {
    const rest = pattern.slice(projectRootsScheme.length);
    below("/", rest);
    return roots.map((base) => ({ base, pattern: rest }));
  }
  return [pattern.startsWith("/") ? { base: "/", pattern: pattern.slice(1) } : { base: policyCwd, pattern }];
}

function isMinimal({ path, access }: IntentEntry): boolean {
  return path.type === "special" && path.value.kind === "minimal" && access !== "deny";
}

/**
 * What `TMPDIR` stands for. The value can come from whoever filled the environment of a command, so it grants nothing that holds
 * the workspace, never all, and nothing but a directory (05 SB-B7). What takes access away is honoured wherever it points.
 */
function tmpdirEntry(access: Access, tmpdir: string | undefined, roots: readonly string[]): BoundEntry[] {
  if (tmpdir === undefined || !tmpdir.startsWith("/")) return [];
  const path = folded(tmpdir);
  if (access === "deny") return [{ path, access }];
  return roots.some((root) => isWithin(root, path)) ? [] : [{ path, access, onlyDirectory: true }];
}

/** @throws SandboxRefusedError for a part that is not inside of its root (05 SB-B5) */
function below(root: string, part: string): string {
  const joined = folded(`${root}/${part}`);
  const leaves = part.startsWith("/") || part.startsWith("~/") || !isWithin(folded(`/r/${part}`), "/r");
  if (leaves) throw new SandboxRefusedError(`sandbox sub-path \`${part}\` leaves its project root`);
  return joined;
}

function native(uri: PathUri, host: PathHost, prefix: (uri: PathUri) => string): string {
  try {
    const path = uri.toSystemPath(host);
    if (typeof path === "string") return folded(path);
  } catch (error) {
    if (!(error instanceof PathUriError)) throw error;
    throw new SandboxRefusedError(`${prefix(uri)}${error.message}`, { cause: error });
  }
  throw new SandboxRefusedError(`${prefix(uri)}'${uri}' is not UTF-8, which a sandbox needs`);
}

/** Lexically, as entries are compared (05 SB-B9). */
function folded(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}
