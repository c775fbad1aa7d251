import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Row } from "../row.ts";
import { type Sizes, scaled, type Values } from "../sizes.ts";
import { quantile } from "../stats.ts";
import { assertCount, repeated } from "./timing.ts";

const single = { rounds: 300, maxMs: 2_000 };
const fileBytes = 6_000;
const content = Buffer.alloc(fileBytes, "contents of a file ");

const special = (kind: string, access: string) => ({ path: { type: "special", value: { kind } }, access });

/** What a Codex CLI asks for with `--sandbox workspace-write`, in a workspace that is a folder of its own. */
const contextOf = (folder: string) => ({
  permissions: {
    type: "managed",
    file_system: { type: "restricted", entries: [special("root", "read"), special("project_roots", "write")] },
    network: "restricted",
  },
  cwd: `file://${folder}`,
  windowsSandboxLevel: "disabled",
});

/** Files of a workspace, read and written under its sandbox. */
export const sandboxedFiles: Row = {
  name: "sandboxed files",
  about:
    "`fs/readFile` and `fs/writeFile` of 6 KB in a sandbox, one at a time: the medians; the last in a workspace without `.git`",
  measures: [
    { name: "sandboxed read", unit: "ms", better: "lower", goal: { value: 3 } },
    { name: "sandboxed write", unit: "ms", better: "lower", goal: { times: 0.4, of: "codex" } },
    { name: "unprotected write", unit: "ms", better: "lower", goal: { times: 1, of: "codex" } },
  ],
  executors: ["proctor", "codex"],
  async executor(subject, sizes) {
    const session = await subject.open();
    const values = await inFolder(async (folder) => {
      const bare = join(folder, "bare");
      await mkdir(bare);
      const dataBase64 = content.toString("base64");
      const read = () =>
        session.callFor("fs/readFile", { path: `file://${folder}/f`, sandbox: contextOf(folder) }, (answer) =>
          answer.bytesBetween('"dataBase64":"', '"}}'),
        );
      const write = (where: string) =>
        session.call("fs/writeFile", { path: `file://${where}/f`, dataBase64, sandbox: contextOf(where) });
      await read(); // the helper is there
      return {
        "sandboxed read": await median(sizes, async () => assertCount(await read(), fileBytes, "bytes of the file")),
        "sandboxed write": await median(sizes, () => write(folder)),
        "unprotected write": await median(sizes, () => write(bare)),
      };
    });
    await session.connection.drop();
    return values;
  },
  bare: ({ bare, sizes }) => bare.work("sandboxed files", sizes),
  work: (sizes) =>
    inFolder(async (folder) => {
      const path = join(folder, "f");
      const write = await median(sizes, () => writeFile(path, content));
      return {
        "sandboxed read": await median(sizes, () => readFile(path)),
        "sandboxed write": write,
        "unprotected write": write,
      };
    }),
};

async function median(sizes: Sizes, work: () => Promise<unknown>): Promise<number> {
  return quantile(await repeated(scaled(single.rounds, sizes), single.maxMs, work), 0.5);
}

/** A workspace with all its metadata, not below the temporary directory. */
async function inFolder(work: (folder: string) => Promise<Values>): Promise<Values> {
  const folder = await mkdtemp("/var/tmp/proctor-bench-");
  try {
    for (const name of [".git", ".agents", ".codex"]) await mkdir(join(folder, name));
    await writeFile(join(folder, "f"), content);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
