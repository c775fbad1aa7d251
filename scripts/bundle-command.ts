/**
 * The part of `npm run build` that makes the command, `dist/cli/`: a few files with all that it needs, so that it starts in half
 * the time and with a fifth less memory (docs/performance.md). The library beside it stays as it was compiled, a file each.
 */
import { chmod, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type OutputChunk, rolldown } from "rolldown";
import { noticesOf } from "./bundled-notices.ts";

const root = join(import.meta.dirname, "..");

/**
 * What V8 has to know before Node starts. The young generation otherwise grows to 32 MB while a thousand things are made quickly;
 * and the memory of chunks and messages, which lies outside of the heap, is counted against a limit so low that the collector
 * goes through the same small heap again and again (docs/performance.md, "Memory").
 */
const limits = "--max-semi-space-size=4 --initial-old-space-size=64";

/** The first lines of the command, a program for the shell too, where `':'` does nothing. BusyBox has no `env -S`. */
const start = `#!/bin/sh
':' //; exec node ${limits} "$0" "$@"
`;

/**
 * Loaded from where it was installed: compiled code, another for each platform, and OpenTelemetry, most of which need not be there,
 * and whose API has to be the one that reports come from.
 */
const external = ["koffi", "@lydell/node-pty", /^@opentelemetry\//];

/** Writes the command into a folder, two below the `package.json` that it belongs to, in place of whatever is there. */
export async function bundleCommand(folder: string): Promise<readonly OutputChunk[]> {
  await using build = await rolldown({ input: join(root, "src/cli/main.ts"), platform: "node", external });
  const { output } = await build.write({
    dir: folder,
    cleanDir: true,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    sourcemap: true,
    postBanner: ({ name }) => (name === "main" ? start : ""),
  });
  const chunks = [...output, ...(await bundleFileHelper(folder))].filter((part) => part.type === "chunk");
  await writeFile(join(folder, "THIRD-PARTY-LICENSES"), await noticesOf(chunks));
  await chmod(join(folder, "main.js"), 0o755);
  return chunks;
}

/** The program that does file operations in a sandbox: one file, since it is to be up quickly and to see nothing else of ours. */
async function bundleFileHelper(folder: string) {
  await using build = await rolldown({ input: join(root, "src/executor/helper/main.ts"), platform: "node" });
  const { output } = await build.write({
    dir: folder,
    format: "esm",
    entryFileNames: "file-helper.js",
    codeSplitting: false,
    sourcemap: true,
  });
  return output;
}

if (import.meta.main) {
  const folder = join(root, "dist/cli");
  for (const { fileName, code } of await bundleCommand(folder)) {
    console.log(`${relative(root, join(folder, fileName))}  ${Math.ceil(code.length / 1024)} KiB`);
  }
}
