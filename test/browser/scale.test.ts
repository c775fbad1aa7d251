import { expect, test } from "vitest";
import { crowd } from "../inspector/page/crowd.ts";
import { startBrowser } from "./chromium.ts";
import { go, showRecording } from "./stage.ts";

const soon = { timeout: 20_000, interval: 50 };

test("two thousand actors: all of them are there, and no more of the document than can be seen", {
  timeout: 90_000,
}, async () => {
  await using shown = await showRecording(crowd(2_000));
  await using browser = await startBrowser();
  const page = await browser.open(shown.url);
  const tiles = page.getByRole("listbox", { name: "2,012 actors" });
  await expect.poll(() => tiles.count(), soon).toBe(1);
  const elements = () => page.evaluate(() => document.querySelectorAll("*").length);
  expect(await elements()).toBeLessThan(1_500);
  await tiles.focus();
  await page.keyboard.press("End");
  expect(await page.locator("#tile-now").getAttribute("aria-posinset")).toBe("2012");
  expect(await tiles.evaluate((element) => element.scrollTop > 0)).toBe(true);

  await go(page, "#/?view=table&sort=name&filter=kind:process");
  const table = page.getByRole("grid", { name: "2,000 actors" });
  await expect.poll(() => table.count(), soon).toBe(1);
  expect(await table.getAttribute("aria-rowcount")).toBe("2001");
  expect(await elements()).toBeLessThan(2_000);
  await table.focus();
  await page.keyboard.press("End");
  await expect.poll(() => table.getByRole("row", { name: /process p-1999/ }).count(), soon).toBe(1);
  await page.getByRole("searchbox", { name: "Filter" }).fill("argv:~target-1234");
  await expect.poll(() => page.getByRole("status", { name: "Found" }).innerText(), soon).toBe("1 of 2,012");

  await go(page, "#/time");
  await expect.poll(() => page.locator("main .number").innerText(), soon).toBe("2012 tracks");
  expect(browser.misdeeds).toEqual({ strangers: [], errors: [] });
});
