import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Access } from "../../ports/confinement.ts";
import type { HelperAccess } from "../../ports/file-helper-host.ts";
import { accessTo } from "./access.ts";
import type { FileView } from "./file-view.ts";
import { type PlanChange, text } from "./mount-plan.ts";
import type { SandboxNodes } from "./nodes.ts";
import { platformDirectories, platformLinks } from "./platform-defaults.ts";

/** Beside the bundled command, all in one file (`scripts/bundle-command.ts`). */
const bundledProgram = join(import.meta.dirname, "file-helper.js");
/** Everywhere else a module among the others, which hold nothing secret. */
const codeRoot = join(import.meta.dirname, "../..");
const isBundled = existsSync(bundledProgram);

/** The program of the helper. */
export const helperProgram = isBundled
  ? bundledProgram
  : join(codeRoot, "executor/helper", `main${import.meta.filename.slice(-3)}`);

/** What it loads, and what says that this consists of modules. */
const code = isBundled
  ? [bundledProgram, join(import.meta.dirname, "../../package.json")]
  : [codeRoot, join(codeRoot, "../package.json")];

/**
 * What a helper's view has besides, and lacks, compared with that of a program (05 SB-F3). The system's libraries, Node and our own code are
 * readable where nothing is said of them. For reading nothing is writable: so nothing has to be kept from being made, and nothing is
 * put on the host for that. Neither `/dev` nor `/proc` can be written: a helper serves many, and keeps nothing for the next.
 */
export function helperView(access: HelperAccess): PlanChange {
  return {
    isReadOnly: access === "read",
    nodes: (nodes, view) => helperNodes(nodes, access, view),
    words: text("--remount-ro", "/proc", "--remount-ro", "/dev"),
  };
}

function helperNodes(
  { access: wanted, links, watched }: SandboxNodes,
  use: HelperAccess,
  view: FileView,
): SandboxNodes {
  const access = new Map<string, Access>(wanted);
  if (use === "read") for (const [path, kind] of access) if (kind === "write") access.set(path, "read");
  const entries = [...access].map(([path, kind]) => ({ path, access: kind }));
  const isUnsaid = (path: string) => !access.has(path) && accessTo(path, entries) === "deny";
  const needed = [...platformDirectories(view), ...ownFiles()].filter(isUnsaid);
  const neededLinks = platformLinks(view).filter(isUnsaid);
  for (const path of needed) access.set(path, "read");
  return { access, links: new Set([...links, ...neededLinks]), watched: use === "read" ? [] : watched };
}

let own: readonly string[] | undefined;

function ownFiles(): readonly string[] {
  own ??= [process.execPath, ...code].filter((path) => existsSync(path)).map((path) => realpathSync(path));
  return own;
}
