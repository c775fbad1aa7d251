import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OutputChunk } from "rolldown";

/** What the licences of the packages inside a bundle ask of a copy. */
export async function noticesOf(chunks: readonly OutputChunk[]): Promise<string> {
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
