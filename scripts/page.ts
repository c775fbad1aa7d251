/** Builds the page of the visualizer into a folder, `dist/inspector/page` unless another is named: `npm run build:page`. */
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type OutputChunk, rolldown } from "rolldown";
import { noticesOf } from "./bundled-notices.ts";

const root = join(import.meta.dirname, "..");
const source = join(root, "src/inspector/page");
const styles = ["../chart/chart.css", "page.css", "../../../node_modules/@xterm/xterm/css/xterm.css"];

/** Builds the page, and gives the files that it is made of. */
export async function buildPage(folder: string): Promise<readonly OutputChunk[]> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await using build = await rolldown({
    input: join(source, "main.tsx"),
    platform: "browser",
    tsconfig: join(source, "tsconfig.json"),
    transform: { define: { "process.env.NODE_ENV": '"production"' } },
    checks: { pluginTimings: false },
  });
  const { output } = await build.write({
    dir: folder,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    minify: true,
  });
  const chunks = output.filter((part) => part.type === "chunk");
  await copyFile(join(source, "index.html"), join(folder, "index.html"));
  await copyFile(join(source, "icon.svg"), join(folder, "icon.svg"));
  const sheets = await Promise.all(styles.map((sheet) => readFile(join(source, sheet), "utf8")));
  await writeFile(join(folder, "page.css"), sheets.join("\n"));
  await writeFile(join(folder, "THIRD-PARTY-LICENSES"), await noticesOf(chunks));
  return chunks;
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(root, "dist/inspector/page");
  for (const { fileName, code } of await buildPage(folder)) {
    console.log(`${relative(root, join(folder, fileName))}  ${Math.ceil(code.length / 1024)} KiB`);
  }
}
