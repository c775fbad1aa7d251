import { z } from "zod";
import { wirePath } from "./path-field.ts";
import { optional } from "./scalars.ts";

// The JSON of a sandbox context (05 section 1). Mind the two spellings: the context is camelCase, everything inside
// `permissions` is snake_case.

const network = z.enum(["restricted", "enabled"]);

/** `none` is an old spelling of `deny`, accepted and never written. */
const access = z.enum(["read", "write", "deny", "none"]).transform((value) => (value === "none" ? "deny" : value));

const special = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("root") }),
  z.object({ kind: z.literal("minimal") }),
  z.object({ kind: z.literal("project_roots"), subpath: optional(z.string()) }),
  z.object({ kind: z.literal("current_working_directory"), subpath: optional(z.string()) }),
  z.object({ kind: z.literal("tmpdir") }),
  z.object({ kind: z.literal("slash_tmp") }),
  z.object({ kind: z.literal("unknown"), path: z.string(), subpath: optional(z.string()) }),
]);

const permissionPath = z.discriminatedUnion("type", [
  z.object({ type: z.literal("path"), path: wirePath }),
  z.object({ type: z.literal("glob_pattern"), pattern: z.string() }),
  z.object({ type: z.literal("special"), value: special }),
]);

const entry = z.object({ path: permissionPath, access });
const globScanMaxDepth = optional(z.int().min(1));

const fileSystem = z.discriminatedUnion("type", [
  z.object({ type: z.literal("unrestricted") }),
  z.object({ type: z.literal("restricted"), entries: z.array(entry), glob_scan_max_depth: globScanMaxDepth }),
]);

/** The untagged form of old clients: unknown members are errors here, and here only (05 SB-J1). */
const legacyProfile = z.strictObject({
  network: optional(z.strictObject({ enabled: optional(z.boolean()) })),
  file_system: optional(
    z.union([
      z.strictObject({ entries: z.array(entry), glob_scan_max_depth: globScanMaxDepth }),
      z.strictObject({ read: optional(z.array(wirePath)), write: optional(z.array(wirePath)) }),
    ]),
  ),
});

/** What a sandboxed program may do (05 section 1.2). */
export const permissionProfile = z.union([
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("managed"), file_system: fileSystem, network }),
    z.object({ type: z.literal("disabled") }),
    z.object({ type: z.literal("external"), network }),
  ]),
  legacyProfile,
]);
export type PermissionProfile = z.output<typeof permissionProfile>;

/** The portable intent that a request carries; the executor binds it to its own paths and enforces it (05 section 1.1). */
export const sandboxContext = z.object({
  permissions: permissionProfile,
  cwd: optional(wirePath),
  workspaceRoots: z.array(wirePath).default([]),
  windowsSandboxLevel: z.enum(["disabled", "restricted-token", "elevated"]),
  windowsSandboxPrivateDesktop: z.boolean().default(false),
  useLegacyLandlock: z.boolean().default(false),
});
export type SandboxContext = z.output<typeof sandboxContext>;
