import { mkdtemp, rm } from "node:fs/promises";
import type { Row } from "../row.ts";
import { type Sizes, scaled, type Values } from "../sizes.ts";
import { quantile } from "../stats.ts";
import { runBare } from "./bare-child.ts";
import { assertCount, repeated } from "./timing.ts";

const argv = ["/bin/echo", "done"];
const printed = 5;
const single = { rounds: 40, maxMs: 2_500 };

const special = (kind: string, access: string, subpath?: string) => ({
  path: { type: "special", value: { kind, ...(subpath !== undefined && { subpath }) } },
  access,
});
const readOnly = [special("root", "read")];
/** What a Codex CLI asks for with `--sandbox workspace-write`; six masks, since nothing of the metadata is there. */
const workspace = [
  ...readOnly,
  ...["project_roots", "slash_tmp", "tmpdir"].map((kind) => special(kind, "write")),
  ...[".git", ".agents", ".codex"].map((name) => special("project_roots", "read", name)),
];

const contextOf = (entries: readonly object[]) => ({
  permissions: { type: "managed", file_system: { type: "restricted", entries }, network: "restricted" },
  windowsSandboxLevel: "disabled",
});

/** The shortest call of bubblewrap that does about the same: no server, no plan, no filter. */
const frame = ["bwrap", "--new-session", "--die-with-parent", "--unshare-user", "--unshare-pid", "--unshare-ipc"];
const cut = [...frame, "--unshare-net", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev"];
const mask = (path: string) => ["--perms", "555", "--tmpfs", path, "--remount-ro", path];
const masks = (folder: string) => [".git", ".agents", ".codex"].flatMap((name) => mask(`${folder}/${name}`));

/** One confined program after the other. A folder of its own, not below the temporary directory. */
export const sandboxedStart: Row = {
  name: "sandboxed start",
  about: "`/bin/echo` in a sandbox, from start to close, one at a time: the median",
  measures: [
    { name: "read-only", unit: "ms", better: "lower", goal: { times: 0.4, of: "codex" } },
    { name: "workspace", unit: "ms", better: "lower", goal: { times: 0.4, of: "codex" } },
  ],
  executors: ["proctor", "codex"],
  async executor(subject, sizes) {
    const session = await subject.open();
    const values = await inFolder(async (folder) => {
      const median = async (entries: readonly object[]) => {
        const sandbox = contextOf(entries);
        return quantile(await samples(sizes, () => session.run({ argv, cwd: folder, sandbox })), 0.5);
      };
      return { "read-only": await median(readOnly), workspace: await median(workspace) };
    });
    await session.connection.drop();
    return values;
  },
  bare: ({ bare, sizes }) => bare.work("sandboxed start", sizes),
  work: (sizes) =>
    inFolder(async (folder) => {
      const median = async (view: readonly string[]) =>
        quantile(await samples(sizes, () => runBare([...cut, ...view, "--proc", "/proc", "--", ...argv])), 0.5);
      const binds = ["--bind", "/tmp", "/tmp", ...masks("/tmp"), "--bind", folder, folder, ...masks(folder)];
      return { "read-only": await median([]), workspace: await median(binds) };
    }),
};

/** That each was really run is checked: a refused start would be a fast one. */
function samples(sizes: Sizes, run: () => Promise<number>): Promise<number[]> {
  return repeated(scaled(single.rounds, sizes), single.maxMs, async () => assertCount(await run(), printed, "bytes"));
}

async function inFolder(work: (folder: string) => Promise<Values>): Promise<Values> {
  const folder = await mkdtemp("/var/tmp/proctor-bench-");
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
