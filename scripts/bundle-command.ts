/**
 * The part of `npm run build` that makes the command, `dist/cli/`: a few files with all that it needs, so that it starts in half
 * the time and with a fifth less memory (docs/performance.md). The library beside it stays as it was compiled, a file each.
 */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type OutputChunk, rolldown } from "rolldown";

const root = join(import.meta.dirname, "..");
const folder = join(root, "dist/cli");
const main = join(folder, "main.js");

/**
 * The first lines of the command, which are a program for the shell too, in which `':'` does nothing: Node has to hear of how large
 * the young generation may become before it starts (docs/performance.md, "Memory"). `env -S` would say it in one line, but
 * BusyBox does not know it.
 */
const start = `#!/bin/sh
':' //; exec node --max-semi-space-size=8 "$0" "$@"
`;

/** Compiled code, another for each platform: it is loaded from where it was installed. */
const external = ["koffi", "@lydell/node-pty"];

async function bundle(): Promise<readonly OutputChunk[]> {
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
  return output.filter((part) => part.type === "chunk");
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

const chunks = await bundle();
await writeFile(join(folder, "THIRD-PARTY-LICENSES"), await notices(chunks));
await chmod(main, 0o755);
for (const { fileName, code } of chunks) {
  console.log(`${relative(root, join(folder, fileName))}  ${Math.ceil(code.length / 1024)} KiB`);
}
