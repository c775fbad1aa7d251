import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { connect, serve } from "../../src/index.ts";
import { machineHashes } from "../../src/inspector/machine-hash.ts";
import { running, StagedHistory, stageDay } from "../inspector/page/staged-history.ts";
import { recordRun } from "../simulation/recorded-run.ts";
import { runSeed } from "../simulation/seeds.ts";
import { startBrowser } from "./chromium.ts";
import { assertBuilt, go, screenText, showRecording, treeCounts } from "./stage.ts";

const timeout = 60_000;
const soon = { timeout: 15_000, interval: 50 };

/** Everything of a page but the bar on top and the timeline, which tell of the whole history. */
function mainOf(page: Page): Promise<string> {
  return page.locator("main").evaluate((main) => {
    const copy = main.cloneNode(true) as HTMLElement; // of an element comes an element
    for (const canvas of copy.querySelectorAll("canvas, .screen")) canvas.remove();
    return copy.outerHTML;
  });
}

test("a recorded run of the simulation opens, every actor of it, and is replayed without divergence", {
  timeout,
}, async () => {
  const { scenario } = await runSeed(11, { shrinks: false });
  const { lines } = await recordRun(scenario, "simulation, seed 11: invariant 2");
  await using shown = await showRecording(lines.join(""));
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  await expect.poll(() => page.locator(".top .title").innerText(), soon).toBe("simulation, seed 11: invariant 2");
  expect(await page.getByRole("status", { name: "Condition" }).innerText()).toBe("a recording");

  await go(page, "#/time");
  await expect.poll(() => page.locator(".lane-labels a").count(), soon).toBeGreaterThan(5);
  const actors = await page
    .locator(".lane-labels a")
    .evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
  for (const href of actors.slice(0, 12)) {
    await go(page, href);
    await expect.poll(() => page.locator("main.actor .chart").count(), soon).toBe(1);
    expect(await page.getByText("diverged", { exact: true }).count(), href).toBe(0);
  }
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});

test("the page of a live executor at a moment is the page of its recording at that moment", { timeout }, async () => {
  await assertBuilt();
  await using server = await serve({ inspect: true });
  await using link = await connect(server.url);
  await using browser = await startBrowser();
  const live = await browser.open(server.inspector?.url ?? "");
  await expect.poll(() => treeCounts(live, "sessions"), soon).toEqual({ Attached: 1 });
  for (const code of [0, 3, 0]) await (await link.start(["sh", "-c", `echo bye; exit ${code}`])).closed;
  await link.start(["sleep", "600"]);
  await expect.poll(() => treeCounts(live, "processes"), soon).toEqual({ Closed: 3, Running: 1 });

  const saving = live.waitForEvent("download");
  await live.getByRole("button", { name: "Save" }).click();
  const recording = await readFile(await (await saving).path(), "utf8");
  await using shown = await showRecording(recording);
  const reopened = await browser.open(shown.url);
  const records = recording
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as { kind: string; t: number; actor: number }]));
  const moments = records.filter(({ kind }) => kind === "event" || kind === "actor");
  expect(moments.length).toBeGreaterThan(12);
  const hashes = [3, 7, moments.length - 1].flatMap((index) => {
    const { t = 0, actor = 0 } = moments[index] ?? {};
    return [`#/?at=${t}&view=table`, `#/?at=${t}&picked=${actor}`, `#/actor/${actor}?at=${t}`];
  });
  for (const hash of hashes) {
    await Promise.all([go(live, hash), go(reopened, hash)]);
    await expect
      .poll(() => reopened.getByRole("button", { name: "END", exact: true }).getAttribute("aria-pressed"), soon)
      .toBe("false");
    await expect.poll(async () => (await mainOf(live)) === (await mainOf(reopened)), soon).toBe(true);
    expect((await mainOf(reopened)).length, hash).toBeGreaterThan(1_000);
  }
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});

test("time moves states, events, facts and output alike, step by step", { timeout }, async () => {
  const play = new StagedHistory();
  const process = play.wait(100).enter("process", "process p", { Starting: "Wanted" }, { facts: { argv: ["make"] } });
  play.wait(100).hear(process, "child.spawned", running()).learn(process, { pid: 41 }).print(process, "first line\n");
  play.wait(20_000).print(process, "second line\n");
  play
    .wait(100)
    .hear(process, { type: "child.exited", exitCode: 2 }, running({ child: "Exited" }))
    .learn(process, { exitCode: 2 });
  await using shown = await showRecording(play);
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  await go(page, `#/actor/${process}`);
  const heading = page.locator(".actor-head .state");
  const facts = page.getByRole("region", { name: "Facts" });
  const events = page.getByRole("list", { name: "Newest first" });
  await expect.poll(() => screenText(page), soon).toBe("first line\nsecond line");
  expect(await heading.innerText()).toBe("Exited");
  expect(await facts.innerText()).toMatch(/exit code\s+2/);

  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => heading.innerText(), soon).toBe("Running");
  await expect.poll(() => screenText(page), soon).toBe("first line");
  expect(await events.innerText()).not.toContain("child.exited");
  expect(await facts.innerText()).not.toContain("exit code");
  expect(page.url()).toContain("at=200");
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => heading.innerText(), soon).toBe("Starting");
  await expect.poll(() => screenText(page), soon).toBe("");
  for (const state of ["Running", "Exited"]) {
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => heading.innerText(), soon).toBe(state);
  }

  // Dragging the scrubber to the beginning: it is not there yet.
  const box = await page.getByRole("slider", { name: "Time" }).boundingBox();
  if (box === null) throw new Error("the timeline is there");
  await page.mouse.move(box.x + box.width - 40, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 10, { steps: 3 });
  await expect.poll(() => heading.innerText(), soon).toBe("Running");
  await page.mouse.move(box.x, box.y + 10, { steps: 3 });
  await page.mouse.up();
  await expect.poll(() => page.locator("main").innerText(), soon).toContain("It is created at +00:00.100");
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});

test("a file is opened by hand and by dropping it; one that is no recording is refused with its line", {
  timeout,
}, async () => {
  await using shown = await showRecording(new StagedHistory("empty"));
  await using other = await showRecording(stageDay());
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  const condition = page.getByRole("status", { name: "Condition" });
  await expect.poll(() => page.locator(".top .title").innerText(), soon).toBe("empty");
  await page.locator("input[type=file]").setInputFiles(other.file);
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 3 });

  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "x.jsonl", mimeType: "", buffer: Buffer.from('{"kind":"header","v":7}\n') });
  await expect
    .poll(() => condition.innerText(), soon)
    .toContain("line 1 of the recording: its format has another version");

  const text = await readFile(other.file, "utf8");
  await page.evaluate(
    (content) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], "dropped.jsonl"));
      dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    },
    text.slice(0, -10),
  );
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 3 });
  expect(await condition.innerText()).toBe("a recording, cut off");
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});

test("says what it has not seen, and what contradicts itself", { timeout }, async () => {
  const play = new StagedHistory();
  const one = play.enter("process", "process one", running());
  play.wait(1_000).skip(412).wait(500);
  await using open = await showRecording(play);
  play.keyframe().wait(100).hear(one, "interrupt");
  const twisted =
    play.text +
    `${JSON.stringify({ kind: "keyframe", t: play.t, actors: [{ actor: one, machine: "process", name: "process one", owner: null, since: 0, status: "active", value: { Starting: "Wanted" }, context: {}, facts: {} }] })}\n`;
  await using closed = await showRecording(twisted);
  await using browser = await startBrowser();
  const first = await browser.open(open.url);
  const badges = (page: Page) => page.getByRole("status", { name: "Condition" }).innerText();
  await expect.poll(() => badges(first), soon).toMatch(/sampled since \+00:01\.000\s*dropped 412/);
  const second = await browser.open(closed.url);
  await expect.poll(() => badges(second), soon).toMatch(/dropped 412\s*diverged/);
  expect(await badges(second)).not.toContain("sampled");
  await go(second, "#/?at=500");
  await expect.poll(() => badges(second), soon).toBe("a recording");
});

test("names, facts, events and output are text, whatever they hold", { timeout }, async () => {
  const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  const play = new StagedHistory(evil);
  const session = play.enter("session", `session ${evil}`, { Attached: evil }, { facts: { [evil]: evil } });
  const names = [
    evil,
    "\u202Egnp.exe\u202C",
    "a\u0000b\u001b[31mred\r\n\u0007",
    "javascript:alert(1)",
    "x".repeat(1_000_000),
    "\u{1F469}\u200D\u{1F680} \uD800",
    "__proto__",
    "constructor",
  ];
  const processes = names.map((name) =>
    play.wait(1).enter("process", name, running({ child: name.slice(0, 100) }), {
      owner: session,
      facts: { argv: [name, name], __proto__: 1, cwd: name },
      context: { [name.slice(0, 50)]: name },
    }),
  );
  play.enter(evil, "of an unknown machine", { [evil]: { a: evil, b: evil } });
  for (const process of processes) {
    play
      .wait(1)
      .hear(process, { type: evil, payload: evil })
      .ignore(process, { type: "\u202Eevil", nested: { deep: [evil] } });
    play.print(
      process,
      `${evil}\u001b]0;title\u0007\u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007\u001b[8mhidden`,
    );
  }
  const [header] = play.lines;
  if (header?.kind !== "header") throw new Error("it begins with one");
  // With the hash of our machine it claims to have done what that machine cannot do.
  play.lines[0] = { ...header, machines: machineHashes() };
  await using shown = await showRecording(play);
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  const wild = () =>
    page.evaluate(
      () => document.querySelectorAll("img, iframe, object, embed, body script, a[href^='javascript']").length,
    );
  await expect.poll(() => page.locator(".top .title").innerText(), soon).toBe(evil);
  const views = [
    "#/",
    "#/?view=table",
    "#/?group=state",
    `#/?picked=${processes.slice(0, 4).join(",")}`,
    "#/time",
    "#/?filter=is:odd",
    ...processes.map((actor) => `#/actor/${actor}`),
    "#/actor/10",
  ];
  for (const view of views) {
    await go(page, view);
    await expect
      .poll(async () => (await page.locator("main").count()) === 1 || browser.misdeeds.errors.length > 0, soon)
      .toBe(true);
    expect(browser.misdeeds.errors, view).toEqual([]);
    expect(await wild(), view).toBe(0);
    // No text is laid out that nobody could read.
    expect(await page.evaluate(() => document.body.innerText.length), view).toBeLessThan(60_000);
    expect(await page.evaluate(() => /[\u202a-\u202e\u2066-\u2069]/.test(document.body.innerText)), view).toBe(false);
  }
  await go(page, `#/actor/${processes[0]}`);
  await expect.poll(() => page.locator("main").innerText(), soon).toContain("it cannot be replayed");
  await expect.poll(() => page.title(), soon).toBe("Proctor");
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});

test("exports the table and a trace", { timeout }, async () => {
  await using shown = await showRecording(stageDay());
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  await go(page, "#/?filter=kind:session");
  await expect.poll(() => page.getByRole("status", { name: "Found" }).innerText(), soon).toBe("3 of 28");
  const saved = async (button: string) => {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: button }).click();
    return readFile(await (await download).path(), "utf8");
  };
  expect((await saved("CSV")).split("\r\n").length).toBe(5);
  expect(JSON.parse(await saved("Perfetto")).traceEvents.length).toBeGreaterThan(200);
});
