/**
 * The part of `npm run build` that makes the command, `dist/cli/`: a few files with all that it needs, so that it starts in half
 * the time and with a fifth less memory (docs/performance.md). The library beside it stays as it was compiled, a file each.
 */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type OutputChunk, rolldown } from "rolldown";

const root = join(import.meta.dirname, "..");

/**
 * What V8 has to know before Node starts. The young generation otherwise grows to 32 MB while a thousand things are made quickly;
 * and the memory of chunks and messages, which lies outside of the heap, is counted against a limit so low that the collector
 * goes through the same small heap again and again (docs/performance.md, "Memory").
 */
const limits = "--max-semi-space-size=8 --initial-old-space-size=64";

/** The first lines of the command, a program for the shell too, where `':'` does nothing. BusyBox has no `env -S`. */
const start = `#!/bin/sh
':' //; exec node ${limits} "$0" "$@"
`;

/** Compiled code, another for each platform: it is loaded from where it was installed. */
const external = ["koffi", "@lydell/node-pty"];

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
  const chunks = output.filter((part) => part.type === "chunk");
  await writeFile(join(folder, "THIRD-PARTY-LICENSES"), await notices(chunks));
  await chmod(join(folder, "main.js"), 0o755);
  return chunks;
}

/** What the licences of the packages inside ask of a copy. */
async function notices(chunks: readonly OutputChunk[]): Promise<string> {
  const packages = chunks.flatMap(({ moduleIds }) =>
    moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []),
  );
  const texts = [...new Set(packages)].sort().map(async (path) => {
    const { name, version } = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
    return `${name} ${version}\n\n${(await licence(path)).trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`);
}

/** Rejects for a package without one: it may not be copied. */
async function licence(path: string): Promise<string> {
  const names = ["LICENSE", "LICENSE.txt", "LICENSE.md", "license"];
  return Promise.any(names.map((name) => readFile(join(path, name), "utf8")));
}

if (import.meta.main) {
  const folder = join(root, "dist/cli");
  for (const { fileName, code } of await bundleCommand(folder)) {
    console.log(`${relative(root, join(folder, fileName))}  ${Math.ceil(code.length / 1024)} KiB`);
  }
}
