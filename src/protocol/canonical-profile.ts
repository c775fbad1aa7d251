import type { z } from "zod";
import type { PathUri } from "./path-uri/index.ts";
import type { PermissionProfile, permissionProfile } from "./sandbox.ts";

/** A profile as it goes over the wire. */
export type WireProfile = z.input<typeof permissionProfile>;

type Managed = Extract<PermissionProfile, { type: "managed" }>;
type Entry = Extract<Managed["file_system"], { type: "restricted" }>["entries"][number];
type WireEntry = Extract<
  Extract<WireProfile, { type: "managed" }>["file_system"],
  { type: "restricted" }
>["entries"][number];

/**
 * A profile in the one form that is written: tagged, `deny` for `none`, `project_roots` for its alias, each path as a URI, no
 * member that has its default, and no entry twice (05 SB-J6, SB-J7). It means what the profile meant.
 */
export function canonicalProfile(profile: PermissionProfile): WireProfile {
  if (!("type" in profile)) {
    const network = profile.network?.enabled === true ? "enabled" : "restricted";
    return { type: "managed", file_system: restricted(...legacyEntries(profile)), network };
  }
  if (profile.type !== "managed") return profile;
  const { file_system: files, network } = profile;
  if (files.type === "unrestricted") return { type: "managed", file_system: { type: "unrestricted" }, network };
  return { type: "managed", file_system: restricted(files.entries, files.glob_scan_max_depth), network };
}

/** The oldest form, lists of paths, as entries (05 section 1.2). */
export function legacyEntries(
  profile: Exclude<PermissionProfile, { type: unknown }>,
): [entries: readonly Entry[], globScanMaxDepth: number | null] {
  const files = profile.file_system;
  if (files === null) return [[], null];
  if ("entries" in files) return [files.entries, files.glob_scan_max_depth];
  const at = (access: "read" | "write") => (path: PathUri) => ({ path: { type: "path" as const, path }, access });
  return [[...(files.read ?? []).map(at("read")), ...(files.write ?? []).map(at("write"))], null];
}

function restricted(entries: readonly Entry[], depth: number | null) {
  const written = new Map<string, WireEntry>();
  for (const entry of entries.map(writtenEntry)) {
    const text = JSON.stringify(entry);
    if (!written.has(text)) written.set(text, entry); // the first one stays
  }
  return {
    type: "restricted" as const,
    entries: [...written.values()],
    ...(depth !== null && { glob_scan_max_depth: depth }),
  };
}

function writtenEntry({ path, access }: Entry): WireEntry {
  if (path.type === "path") return { path: { type: "path", path: path.path.canonical }, access };
  if (path.type === "glob_pattern") return { path: { type: "glob_pattern", pattern: path.pattern }, access };
  const special = path.value;
  switch (special.kind) {
    case "project_roots":
    case "current_working_directory":
      return { path: { type: "special", value: { kind: "project_roots", ...subpathOf(special) } }, access };
    case "unknown":
      return {
        path: { type: "special", value: { kind: "unknown", path: special.path, ...subpathOf(special) } },
        access,
      };
    default:
      return { path: { type: "special", value: { kind: special.kind } }, access };
  }
}

function subpathOf({ subpath }: { readonly subpath: string | null }) {
  return subpath === null || subpath === "" ? {} : { subpath };
}
