import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { serveRecording } from "../../src/inspector/recording-page.ts";
import type { StagedHistory } from "../inspector/page/staged-history.ts";

const root = join(import.meta.dirname, "../..");

/** Throws when the page that is served is not the one of the source tree. */
export async function assertBuilt(): Promise<void> {
  const folders = ["src/inspector", "src/machines"].map((folder) => join(root, folder));
  const built = await stat(join(root, "dist/inspector/page/main.js")).catch(() => null);
  const sources = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter(
        (entry) => entry.isFile() && /inspector\/(page|chart|replay)|machines/.test(entry.parentPath),
      );
      return Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).mtimeMs));
    }),
  );
  if (built === null || built.mtimeMs < Math.max(...sources.flat())) {
    throw new Error("the page is not built, or older than its source: npm run build:page");
  }
}

/** The page with a recording. */
export interface RecordingPage extends AsyncDisposable {
  readonly url: string;
  /** For one more browser. */
  newUrl(): string;
  /** The recording itself. */
  readonly file: string;
}

/** Serves a recording, by its text or as it was staged. */
export async function showRecording(recording: StagedHistory | string): Promise<RecordingPage> {
  await assertBuilt();
  const folder = await mkdtemp(join(tmpdir(), "proctor-page-"));
  const file = join(folder, "recording.jsonl");
  await writeFile(file, typeof recording === "string" ? recording : recording.text);
  const server = await serveRecording(file);
  return {
    url: server.url,
    newUrl: () => server.newUrl(),
    file,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Goes to another view of a page that is open. */
export async function go(page: Page, hash: string): Promise<void> {
  await page.evaluate((target) => {
    location.hash = target;
  }, hash);
}

/** The states of a kind as the tree counts them: `{ Running: 3 }`. */
export async function treeCounts(page: Page, kind: string): Promise<Record<string, number>> {
  const texts = await page
    .getByRole("navigation", { name: "Tree" })
    .locator("li", { has: page.locator(".tree-kind", { hasText: new RegExp(`^${kind} `) }) })
    .locator(".tree-states button")
    .allInnerTexts();
  return Object.fromEntries(
    texts.map((text) => {
      const [state = "", number = ""] = text.split(/\s+/).filter((word) => word !== "");
      return [state, Number(number.replaceAll(",", ""))];
    }),
  );
}

/** What the terminal of the page shows, line by line. */
export async function screenText(page: Page): Promise<string> {
  // It is not drawn as long as it is out of sight.
  await page.locator(".screen").scrollIntoViewIfNeeded();
  const rows = await page.locator(".screen .xterm-rows > div").allInnerTexts();
  return rows
    .map((row) => row.replaceAll("\u00a0", " ").trimEnd())
    .join("\n")
    .trimEnd();
}
