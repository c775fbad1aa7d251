import { canonicalProfile, type WireProfile } from "../protocol/canonical-profile.ts";
import { ProctorError } from "../protocol/errors.ts";
import type { WireParams } from "../protocol/methods.ts";
import { permissionProfile } from "../protocol/sandbox.ts";
import { pathToWire, type RemotePath } from "./remote-path.ts";

/**
 * A place in a sandbox: an absolute path of the executor, taken literally, or a symbol that each executor binds to its own files:
 * `:root`, all of them; `:minimal`, the system's programs and libraries; `:workspace_roots`, the workspace, also with a part of it
 * (`:workspace_roots/docs`); `:tmpdir`, what `TMPDIR` says; `:slash_tmp`, `/tmp`.
 */
export type SandboxPlace = RemotePath;

/** What a program may do; what no place covers it cannot even see. Of two places the deeper one decides. */
export interface SandboxRules {
  readonly read?: readonly SandboxPlace[] | undefined;
  /** May be changed, and read. `.git`, `.agents` and `.codex` directly in such a place stay read-only. */
  readonly write?: readonly SandboxPlace[] | undefined;
  /** Cannot be read either. */
  readonly deny?: readonly SandboxPlace[] | undefined;
  /**
   * Patterns of what cannot be read, such as `*.env`, counted from the working directory: `*` and `?` stay within a name, `**` as
   * a whole name is any number of directories. They are looked up when the program starts; later files are not covered.
   */
  readonly denyMatching?: readonly string[] | undefined;
  /** May it use the network? Default false. */
  readonly network?: boolean | undefined;
}

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;

/** A profile in the portable form that goes over the wire, as it stands in files of other programs (05 section 1.2). */
export type PermissionProfile = Immutable<WireProfile>;

/** A sandbox by its profile; it is sent in its canonical form (05 SB-J6). */
export interface SandboxPermissions {
  readonly permissions: PermissionProfile;
}

/** What `:workspace_roots` stands for. Default: the working directory of the program. */
interface Workspace {
  readonly workspaceRoots?: readonly RemotePath[] | undefined;
}

/**
 * What a program and all its descendants are confined to: `read-only`, it reads all and changes nothing; `workspace-write`, it
 * reads all and changes its workspace, `/tmp` and `TMPDIR`; neither reaches the network. Or rules of one's own, or a profile.
 */
export type Sandbox = "read-only" | "workspace-write" | ((SandboxRules | SandboxPermissions) & Workspace);

/** A sandbox cannot be meant as it was written; nothing was sent. */
export class SandboxError extends ProctorError {
  constructor(message: string) {
    super("sandbox", message, { effect: "notApplied" });
  }
}

/** What the names of sandboxes stand for (05 section 1.2). */
const builtIn: Readonly<Record<Extract<Sandbox, string>, SandboxRules>> = {
  "read-only": { read: [":root"] },
  "workspace-write": {
    read: [":root", ":workspace_roots/.git", ":workspace_roots/.agents", ":workspace_roots/.codex"],
    write: [":workspace_roots", ":slash_tmp", ":tmpdir"],
  },
};

/** The names of sandboxes that need no rules. */
export const sandboxNames = Object.keys(builtIn) as readonly Extract<Sandbox, string>[]; // the keys of the literal above

type WireSandbox = NonNullable<WireParams<"process/start">["sandbox"]>;
type WireEntry = Extract<
  Extract<WireProfile, { type: "managed" }>["file_system"],
  { type: "restricted" }
>["entries"][number];

/**
 * A sandbox as it goes over the wire.
 * @param cwd what the program's working directory is on the wire
 * @throws SandboxError for a place or a profile that means nothing; PathUriError for a path that is not absolute
 */
export function sandboxToWire(sandbox: Sandbox, cwd: string): WireSandbox {
  const wanted = typeof sandbox === "string" ? builtIn[sandbox] : sandbox;
  if (wanted === undefined) throw new SandboxError(`no sandbox is called \`${sandbox}\``);
  const roots = "workspaceRoots" in wanted ? wanted.workspaceRoots : undefined;
  // A name promises that most of the files are safe.
  if (sandbox === "workspace-write" && cwd === "file:///") {
    throw new SandboxError(
      "the workspace would be the whole file system: name a cwd for the sandbox `workspace-write`",
    );
  }
  return {
    permissions: "permissions" in wanted ? checked(wanted.permissions) : profileOf(wanted),
    cwd,
    ...(roots !== undefined && { workspaceRoots: roots.map(pathToWire) }),
    windowsSandboxLevel: "disabled",
  };
}

/** Not what was meant would be enforced where a member is misspelt, so that is found out here. */
function checked(profile: PermissionProfile): WireProfile {
  const parsed = permissionProfile.safeParse(profile);
  if (parsed.success) return canonicalProfile(parsed.data);
  const issue = parsed.error.issues[0];
  throw new SandboxError(`not a permission profile: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
}

function profileOf({
  read = [],
  write = [],
  deny = [],
  denyMatching = [],
  network = false,
}: SandboxRules): WireProfile {
  const at = (access: WireEntry["access"]) => (place: SandboxPlace) => ({ path: placeOf(place), access });
  const entries: WireEntry[] = [
    ...read.map(at("read")),
    ...write.map(at("write")),
    ...deny.map(at("deny")),
    ...denyMatching.map((pattern) => ({ path: { type: "glob_pattern", pattern }, access: "deny" }) as const),
  ];
  return {
    type: "managed",
    file_system: { type: "restricted", entries },
    network: network ? "enabled" : "restricted",
  };
}

function placeOf(place: SandboxPlace): WireEntry["path"] {
  if (typeof place === "string" && place.startsWith(":")) return { type: "special", value: symbolOf(place) };
  return { type: "path", path: pathToWire(place) };
}

function symbolOf(place: string): Extract<WireEntry["path"], { type: "special" }>["value"] {
  const [symbol = "", ...parts] = place.split("/");
  if (symbol === ":workspace_roots")
    return { kind: "project_roots", ...(parts.length > 0 && { subpath: parts.join("/") }) };
  if (parts.length === 0) {
    if (symbol === ":root") return { kind: "root" };
    if (symbol === ":minimal") return { kind: "minimal" };
    if (symbol === ":tmpdir") return { kind: "tmpdir" };
    if (symbol === ":slash_tmp") return { kind: "slash_tmp" };
  }
  throw new SandboxError(`no place in a sandbox is called \`${place}\``);
}
