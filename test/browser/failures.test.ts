import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { startBrowser } from "./chromium.ts";
import { showRecording } from "./stage.ts";

const soon = { timeout: 15_000, interval: 50 };

/** What is recorded of an example in which something fails. */
async function recordingOf(example: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "proctor-failure-"));
  try {
    const file = join(folder, "recording.jsonl");
    const { exitCode, stderr } = await execa(process.execPath, [`examples/failures/${example}.ts`, "--record", file], {
      reject: false,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return await readFile(file, "utf8");
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("time-limit.ts: the page says that a limit ended the build, when, and with which signal", {
  timeout: 60_000,
}, async () => {
  await using shown = await showRecording(await recordingOf("time-limit"));
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  // At its end everything is gone: the moment before is still there.
  await page.getByRole("link", { name: "Time" }).click();
  await page.getByRole("searchbox", { name: "Filter" }).fill("linking");
  const track = page.locator("main .lane-labels a");
  await expect.poll(() => track.count(), soon).toBe(1);
  await track.click();
  const story = page.getByRole("region", { name: "What happened" });
  await expect
    .poll(() => story.innerText(), soon)
    .toMatch(/its time limit was over, 2\.\d\d s after its start: the group gets SIGTERM/);
  expect(await story.innerText()).toContain("exit code 143 (SIGTERM)");
});

test("slow-reader.ts: the page says that the report is held back by its reader", { timeout: 60_000 }, async () => {
  const text = await recordingOf("slow-reader");
  const paused = text.split("\n").find((line) => line.includes('"output.paused"'));
  if (paused === undefined) throw new Error("the report was held back");
  const { t, actor }: { t: number; actor: number } = JSON.parse(paused);
  await using shown = await showRecording(text);
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  await page.evaluate((at) => {
    location.hash = `#/?at=${at}`;
  }, t + 1_000);
  const odd = page.getByRole("region", { name: "Odd" });
  await expect.poll(() => odd.innerText(), soon).toContain("held back by a slow reader for");
  await odd.getByRole("button", { name: /held back/ }).click();
  await expect
    .poll(() => page.getByRole("article").innerText(), soon)
    .toContain("its reader is slow: its output is held back");
  expect(page.url()).toContain(`picked=${actor}`);
});

test("lost-session.ts: the page says that nobody resumed the session in time, and what died with it", {
  timeout: 60_000,
}, async () => {
  await using shown = await showRecording(await recordingOf("lost-session"));
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  await page.getByRole("link", { name: "Time" }).click();
  await page.getByRole("searchbox", { name: "Filter" }).fill("kind:session");
  await page.locator("main .lane-labels a").first().click();
  const story = page.getByRole("region", { name: "What happened" });
  await expect
    .poll(() => story.innerText(), soon)
    .toContain("nobody resumed it in time: it expired, and its processes are killed");
  expect(await story.innerText()).toContain("its connection was lost: nobody holds the session");
  await page.keyboard.press("t");
  await page.getByRole("searchbox", { name: "Filter" }).fill("kind:process");
  await page.locator("main .lane-labels a").first().click();
  await expect.poll(() => story.innerText(), soon).toContain("its session was over, and it ends with it");
});
