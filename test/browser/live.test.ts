import { expect, test } from "vitest";
import { connect, serve } from "../../src/index.ts";
import { FaultProxy } from "../fault-proxy.ts";
import { startBrowser } from "./chromium.ts";
import { assertBuilt, go, screenText, treeCounts } from "./stage.ts";

const timeout = 60_000;
const soon = { timeout: 15_000, interval: 50 };

test("shows sessions and processes of a running executor, and what becomes of them", { timeout }, async () => {
  await assertBuilt();
  await using server = await serve({ inspect: true });
  await using first = await connect(server.url);
  await using _second = await connect(server.url);
  await using third = await connect(server.url);
  const asleep = await first.start(["sleep", "600"]);
  await using browser = await startBrowser();
  const page = await browser.open(server.inspector?.url ?? "");

  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 3 });
  await expect.poll(() => treeCounts(page, "processes"), soon).toEqual({ Running: 1 });
  expect(page.url()).not.toContain("token");

  const failing = await third.start(["sh", "-c", "echo one; echo two >&2; exit 3"]);
  await failing.closed;
  await expect.poll(() => treeCounts(page, "processes"), soon).toEqual({ Running: 1, Closed: 1 });
  const odd = page.getByRole("region", { name: "Odd" });
  await expect.poll(() => odd.innerText(), soon).toContain("exit code 3");

  await odd.getByRole("button", { name: /exit code 3/ }).click();
  await page.getByRole("link", { name: "Chart, events and output" }).click();
  await expect
    .poll(() => page.getByRole("list", { name: "Newest first" }).innerText(), soon)
    .toContain("child.exited exitCode 3");
  await expect.poll(() => screenText(page), soon).toContain("one");
  expect(await screenText(page)).toContain("two");
  await expect.poll(() => page.getByRole("img", { name: /Closed/ }).count(), soon).toBe(1);
  expect(await page.getByRole("region", { name: "What happened" }).innerText()).toContain(
    "the child ended: exit code 3",
  );
  expect(await page.getByRole("group", { name: "Orders" }).count()).toBe(0); // it only shows

  await asleep.terminate();
  await go(page, "#/");
  await expect.poll(() => treeCounts(page, "processes"), soon).toEqual({ Closed: 2 });
  await odd.getByRole("button", { name: /exit code 137/ }).click();
  await page.getByRole("link", { name: "Chart, events and output" }).click();
  const events = page.getByRole("region", { name: "Events" });
  await events.getByRole("button", { name: /terminate/ }).click();
  await expect.poll(() => events.innerText(), soon).toMatch(/because connection \w+ was asked for process\/terminate/);
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});

test("a dropped connection leaves its session Detached, then Attached; time can be turned back to any of it", {
  timeout,
}, async () => {
  await assertBuilt();
  await using server = await serve({ inspect: true });
  await using proxy = await FaultProxy.before(server.url);
  await using link = await connect(proxy.url);
  await link.start(["sleep", "600"]);
  await using browser = await startBrowser();
  const page = await browser.open(server.inspector?.url ?? "");
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 1 });

  proxy.refuse(true);
  proxy.cut();
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Detached: 1 });
  expect((await treeCounts(page, "connections")).Ready).toBeUndefined();
  const clock = page.getByRole("status", { name: "Moment" });
  const whenDetached = await clock.innerText();
  proxy.refuse(false);
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 1 });
  await expect.poll(async () => (await treeCounts(page, "connections")).Ready, soon).toBe(1);

  // Back: the whole page shows how it was, and stays there though the executor goes on.
  const [, minutes = "0", seconds = "0"] = /\+(\d+):([\d.]+)/.exec(whenDetached) ?? [];
  await go(page, `#/?at=${(Number(minutes) * 60 + Number(seconds)) * 1_000}`);
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Detached: 1 });
  expect((await treeCounts(page, "connections")).Ready).toBeUndefined();
  expect(await page.getByRole("list", { name: "Legend" }).innerText()).toContain("Detached");
  expect(await clock.innerText()).toBe(whenDetached);
  expect(await page.getByRole("button", { name: "LIVE" }).getAttribute("aria-pressed")).toBe("false");

  await page.keyboard.press("l");
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 1 });
  expect(await page.getByRole("button", { name: "LIVE" }).getAttribute("aria-pressed")).toBe("true");
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});

test("terminates, signals and types where control was given, and asks before it does", { timeout }, async () => {
  await assertBuilt();
  await using server = await serve({ inspect: { control: true } });
  await using link = await connect(server.url);
  const cat = await link.start(
    ["sh", "-c", "trap 'echo heard' USR1; echo ready; while read -r line; do echo got $line; done"],
    { stdin: true },
  );
  await using browser = await startBrowser();
  const page = await browser.open(server.inspector?.url ?? "");
  await page.getByRole("button", { name: "table" }).click();
  await page
    .getByRole("row", { name: /^process sh|^process process/ })
    .first()
    .dblclick();
  await expect.poll(() => screenText(page), soon).toContain("ready");

  await page.getByText("what you type goes to its stdin").waitFor();
  await page.locator(".screen textarea").focus();
  await page.keyboard.type("hello\n");
  await expect.poll(() => screenText(page), soon).toContain("got hello");

  const orders = page.getByRole("group", { name: "Orders" });
  await orders.getByRole("button", { name: "Terminate…" }).click();
  const question = page.getByRole("alertdialog", { name: "Really?" });
  await question.getByRole("button", { name: "No" }).click();
  expect(await question.count()).toBe(0);

  await orders.getByRole("combobox", { name: "Signal" }).selectOption("SIGINT");
  await orders.getByRole("button", { name: "Send…" }).click();
  await question.getByRole("button", { name: "Yes, send" }).click();
  expect((await cat.exited).exitCode).toBe(130);

  const other = await link.start(["sleep", "600"]);
  await go(page, "#/?view=table&filter=argv:~sleep");
  await page.getByRole("row", { name: /sleep 600/ }).dblclick();
  await orders.getByRole("button", { name: "Terminate…" }).click();
  await question.getByRole("button", { name: "Yes, terminate" }).click();
  expect((await other.exited).exitCode).toBe(137);
  // Nobody gives orders to the past.
  await page.keyboard.press("ArrowLeft");
  expect(await orders.count()).toBe(0);
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});

test("says that it is cut off, and why it was not let in", { timeout }, async () => {
  await assertBuilt();
  const server = await serve({ inspect: true });
  await using browser = await startBrowser();
  const url = server.inspector?.url ?? "";
  const page = await browser.open(url);
  const badges = page.getByRole("status", { name: "Condition" });
  await expect.poll(() => page.getByRole("button", { name: "LIVE" }).count(), soon).toBe(1);

  await using stranger = await startBrowser();
  const refused = await stranger.open(url); // the token has been used
  await expect
    .poll(() => refused.getByRole("status", { name: "Condition" }).innerText(), soon)
    .toContain("this address has been used");

  await server.close();
  await expect.poll(() => badges.innerText(), soon).toContain("disconnected, retrying");
});
