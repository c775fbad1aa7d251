import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { buildPage } from "../../../scripts/page.ts";

/** What may be loaded before anything is opened, in bytes of gzip. */
const mostFirst = 60_000;

test("the page is light, alone, and names whose work is in it", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "proctor-page-"));
  try {
    const chunks = await buildPage(folder);
    const files = await readdir(folder);
    const later = chunks.filter(({ isEntry }) => !isEntry).map(({ fileName }) => fileName);
    const first = files.filter((file) => !later.includes(file) && file !== "THIRD-PARTY-LICENSES");
    const sizes = await Promise.all(first.map(async (file) => gzipSync(await readFile(join(folder, file))).length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(mostFirst);
    expect(later.some((file) => file.startsWith("xterm"))).toBe(true);

    const html = await readFile(join(folder, "index.html"), "utf8");
    expect(html).not.toMatch(/<style|style=|<script(?! type="module" src="main\.js")|https?:|\/\//);
    const css = await readFile(join(folder, "page.css"), "utf8");
    expect(css).not.toMatch(/@import|url\(/);
    const licences = await readFile(join(folder, "THIRD-PARTY-LICENSES"), "utf8");
    for (const name of ["preact", "xstate", "@xterm/xterm"]) expect(licences).toContain(`${name} `);
  } finally {
    await rm(folder, { recursive: true });
  }
});
