import { legacyEntries } from "../../protocol/canonical-profile.ts";
import { type PathHost, PathUriError } from "../../protocol/path-uri/index.ts";
import type { PermissionProfile, SandboxContext } from "../../protocol/sandbox.ts";
import { nativePaths } from "../native-paths.ts";

type Restricted = Extract<
  Extract<PermissionProfile, { type: "managed" }>["file_system"],
  { readonly type: "restricted" }
>;
/** What a profile says of one place, as it came: not yet bound to this host. */
export type IntentEntry = Restricted["entries"][number];

/** The part of a profile that is about files. */
export interface IntentFiles {
  readonly entries: readonly IntentEntry[];
  readonly globScanMaxDepth: number | null;
}

/** `null`: the files are not restricted (05 SB-A1). The oldest form, lists of paths, becomes entries (05 section 1.2). */
export function restrictedFiles(permissions: PermissionProfile): IntentFiles | null {
  if (!("type" in permissions)) {
    const [entries, globScanMaxDepth] = legacyEntries(permissions);
    return { entries, globScanMaxDepth };
  }
  if (permissions.type !== "managed" || permissions.file_system.type === "unrestricted") return null;
  const { entries, glob_scan_max_depth: globScanMaxDepth } = permissions.file_system;
  return { entries, globScanMaxDepth };
}

/**
 * Must a sandbox confine the file system for this context? (04 F-51, F-52; 05 section 4.) Not for `disabled`, `external` and
 * unrestricted profiles, nor for one that grants write on the root and takes nothing back (05 SB-A5). In doubt yes: a profile
 * with a path that this host cannot convert never selects the unsandboxed way (05 SB-B2).
 */
export function needsEnforcement(context: SandboxContext, paths: PathHost = nativePaths): boolean {
  const files = restrictedFiles(context.permissions);
  if (files === null) return false;
  return foreignPath(files.entries, paths) !== undefined || !grantsFullWrite(files.entries);
}

/**
 * Must a sandbox cut the network for this context? A process needs that even where the file system is free; file operations
 * do not (05 section 4, SB-N3, SB-N4).
 */
export function restrictsNetwork(context: SandboxContext): boolean {
  const { permissions } = context;
  if (!("type" in permissions)) return permissions.network?.enabled !== true;
  return permissions.type !== "disabled" && permissions.network === "restricted";
}

/** The fault of the first path that is none of this host's. */
function foreignPath(entries: readonly IntentEntry[], paths: PathHost): PathUriError | undefined {
  for (const { path } of entries) {
    if (path.type !== "path") continue;
    try {
      path.path.toSystemPath(paths);
    } catch (error) {
      if (!(error instanceof PathUriError)) throw error;
      return error;
    }
  }
  return undefined;
}

/** Is some `root` readable, and nothing denied? (05 SB-A4) */
export function hasFullRead(entries: readonly IntentEntry[]): boolean {
  return (
    entries.some((entry) => targetOf(entry) === "root" && entry.access !== "deny") &&
    !entries.some((entry) => entry.access === "deny")
  );
}

/** 05 SB-A5. */
export function grantsFullWrite(entries: readonly IntentEntry[]): boolean {
  const written = new Set(entries.filter((entry) => entry.access === "write").map(targetOf));
  return written.has("root") && !entries.some((entry) => narrows(entry, written));
}

/** Does the entry take back some of a write on the root? Deny beats write, write beats read (05 SB-A2). */
function narrows(entry: IntentEntry, written: ReadonlySet<string>): boolean {
  if (entry.access === "write") return false;
  if (entry.path.type === "glob_pattern") return true;
  const target = targetOf(entry);
  if (target === "minimal" || target === "unknown") return false;
  return entry.access === "deny" || !written.has(target);
}

/** Entries with the same text are about the same place; two spellings of one place count as two, which errs towards yes. */
function targetOf({ path }: IntentEntry): string {
  if (path.type === "path") return `path ${path.path.canonical}`;
  if (path.type === "glob_pattern") return `glob ${path.pattern}`;
  const special = path.value;
  switch (special.kind) {
    case "project_roots":
    case "current_working_directory":
      return `project_roots ${special.subpath ?? ""}`;
    default:
      return special.kind;
  }
}
