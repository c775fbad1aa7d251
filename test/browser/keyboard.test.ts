import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { stageDay } from "../inspector/page/staged-history.ts";
import { startBrowser } from "./chromium.ts";
import { go, showRecording, treeCounts } from "./stage.ts";

const timeout = 60_000;
const soon = { timeout: 15_000, interval: 50 };
const views = ["#/", "#/?view=table&picked=8,9", "#/actor/9", "#/time", "#/machines/session"];

/** What the focus is on: its role and name as a screen reader says them. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body) return "";
    const labels =
      "labels" in element && element.labels instanceof NodeList
        ? [...element.labels].map(({ textContent }) => textContent)
        : [];
    const name = element.getAttribute("aria-label") ?? (labels.join(" ") || element.innerText);
    return `${element.getAttribute("role") ?? element.tagName.toLowerCase()} ${name.trim()}`;
  });
}

/** Texts that stand out too little from what is behind them: below 4.5 to 1, or 3 to 1 where they are large. */
function paleTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (context === null) return ["no canvas"];
    const mixed = (colours: readonly string[]): number[] => {
      context.fillStyle = "#ffffff";
      context.fillRect(0, 0, 1, 1);
      for (const colour of colours) {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
      }
      return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb: readonly number[]) => {
      const [r = 0, g = 0, b = 0] = rgb.map((value) =>
        value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const pale = new Set<string>();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (
        element === null ||
        node.textContent?.trim() === "" ||
        element.closest(".unseen, .xterm, dialog:not([open]), :disabled, svg") !== null
      )
        continue;
      if (element.getClientRects().length === 0) continue;
      const behind: string[] = [];
      for (let at: Element | null = element; at !== null; at = at.parentElement)
        behind.unshift(getComputedStyle(at).backgroundColor);
      const style = getComputedStyle(element);
      const [text, ground] = [light(mixed([...behind, style.color])), light(mixed(behind))];
      const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
      if (ratio < (Number.parseFloat(style.fontSize) >= 24 ? 3 : 4.5))
        pale.add(`${node.textContent?.slice(0, 30)} ${ratio.toFixed(2)}`);
    }
    return [...pale];
  });
}

test("everything can be reached with the Tab key, shows its focus, and has a name", { timeout }, async () => {
  await using shown = await showRecording(stageDay());
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 3 });
  for (const view of views) {
    await go(page, view);
    await expect.poll(() => page.locator("main").count(), soon).toBe(1);
    await page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      getSelection()?.collapse(document.body, 0);
    });
    const seen = new Set<string>();
    for (let count = 0; count < 200; count += 1) {
      await page.keyboard.press("Tab");
      const name = await focused(page);
      if (name === "" || (seen.has(name) && seen.size > 60)) break;
      expect(name, `${view}, after ${[...seen].at(-1)}`).toMatch(/^\S+ \S/);
      seen.add(name);
      const outline = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element.matches(".xterm *")) return "solid"; // the terminal shows a cursor
        return getComputedStyle(element).outlineStyle;
      });
      expect(outline, name).not.toBe("none");
    }
    const buttons = await page.evaluate(() =>
      [...document.querySelectorAll("button, a[href], input, select")]
        .filter(
          (element) =>
            element.getClientRects().length > 0 &&
            (
              element.getAttribute("aria-label") ??
              element.getAttribute("title") ??
              element.textContent ??
              ""
            ).trim() === "" &&
            !element.matches("label *, .unseen"),
        )
        .map(({ outerHTML }) => outerHTML),
    );
    expect(buttons, view).toEqual([]);
    expect(
      [...seen].some((name) => name.startsWith("slider ")),
      view,
    ).toBe(true);
  }
});

test("the keys do what their list says", { timeout }, async () => {
  await using shown = await showRecording(stageDay());
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 3 });
  await page.keyboard.press("/");
  await expect.poll(() => focused(page), soon).toContain("Filter");
  await page.keyboard.type("state:HeldBack");
  await expect.poll(() => page.getByRole("status", { name: "Found" }).innerText(), soon).toBe("1 of 28");
  await page.keyboard.press("Escape");
  expect(await focused(page)).toBe("");

  // Tiles: the arrows move, Enter picks, and opens what is picked.
  await page.getByRole("listbox", { name: /actors/ }).focus();
  expect(await page.locator("#tile-now").innerText()).toContain("process cargo-2, HeldBack");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.getByRole("article").count(), soon).toBe(1);
  await page.keyboard.press("Enter");
  await expect.poll(() => page.url(), soon).toContain("#/actor/8");
  await expect.poll(() => page.locator(".actor-head .state").innerText(), soon).toBe("HeldBack");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await go(page, "#/");
  await page.getByRole("listbox", { name: /actors/ }).focus();
  for (const key of ["Home", "ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
  expect(await page.locator("#tile-now").innerText()).toContain("process make-1");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+Enter");
  await expect.poll(() => page.getByRole("article").count(), soon).toBe(2);

  // The table, by its own arrows.
  await page.keyboard.press("v");
  await page.getByRole("grid").focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.url(), soon).toMatch(/picked=\d+&|picked=\d+$/);
  await page.getByRole("columnheader", { name: "In state" }).getByRole("button").press("Enter");
  await expect
    .poll(() => page.getByRole("columnheader", { name: "In state" }).getAttribute("aria-sort"), soon)
    .toBe("ascending");

  await page.keyboard.press("t");
  await expect.poll(() => page.url(), soon).toContain("#/time");
  await page.keyboard.press("m");
  await expect.poll(() => page.url(), soon).toContain("#/machines");
  await page.keyboard.press("g");
  await page.keyboard.press("Shift+ArrowLeft");
  await expect.poll(() => page.url(), soon).toContain("at=");
  await page.keyboard.press("l");
  await expect.poll(() => page.url(), soon).not.toContain("at=");
  await page.keyboard.press("?");
  await expect.poll(() => page.getByRole("dialog").isVisible(), soon).toBe(true);
  await page.keyboard.press("Escape");
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});

test("every text can be read, in the light and in the dark", { timeout }, async () => {
  await using shown = await showRecording(stageDay());
  for (const dark of [false, true]) {
    await using browser = await startBrowser({ dark });
    const page = await browser.open(shown.newUrl());
    await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 3 });
    for (const view of [...views, "#/?filter=age:soon"]) {
      await go(page, view);
      await expect.poll(() => page.locator("main").count(), soon).toBe(1);
      expect(await paleTexts(page), `${view}, ${dark ? "dark" : "light"}`).toEqual([]);
    }
    await page.keyboard.press("d");
    await go(page, "#/");
    expect(await paleTexts(page), "after the switch").toEqual([]);
  }
});

test.each([
  ["a telephone", { width: 390, height: 844 }],
  ["a window at 200 %", { width: 680, height: 430, scale: 2 }],
])("fits %s: nothing has to be moved sideways, everything is there", { timeout }, async (_, size) => {
  await using shown = await showRecording(stageDay());
  await using browser = await startBrowser(size);
  const page = await browser.open(shown.url);
  await expect.poll(() => treeCounts(page, "sessions"), soon).toEqual({ Attached: 3 });
  for (const view of views) {
    await go(page, view);
    await expect.poll(() => page.locator("main").count(), soon).toBe(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), view).toBeLessThanOrEqual(0);
    expect(await page.getByRole("slider").first().isVisible(), view).toBe(true);
  }
  await go(page, "#/");
  await page.getByRole("region", { name: "Odd" }).getByRole("button", { name: /143/ }).click();
  await expect.poll(() => page.getByRole("article").isVisible(), soon).toBe(true);
});
