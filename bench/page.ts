/** Measures the page of the visualizer in a real Chromium: `npm run bench:page`. Needs the page built, and a quiet machine. */
import { startBrowser } from "../test/browser/chromium.ts";
import { go, showRecording } from "../test/browser/stage.ts";
import { crowd } from "../test/inspector/page/crowd.ts";

const counts = [2_000, 10_000];
const runs = 5;

/** From the click on the address until the first tiles are drawn, and the frames while one scrolls for two seconds. */
async function measure(actors: number): Promise<{ readonly firstMs: number; readonly frameMs: number }> {
  await using shown = await showRecording(crowd(actors));
  await using browser = await startBrowser();
  const begun = performance.now();
  const page = await browser.open(shown.url);
  await page.waitForSelector(".tiles canvas");
  const firstMs = performance.now() - begun;
  await go(page, "#/?view=table");
  await page.waitForSelector(".table-body .table-row");
  const frames = await page.evaluate(
    () =>
      new Promise<number[]>((resolve) => {
        const rows = document.querySelector(".table-body");
        const began = performance.now();
        const times: number[] = [];
        let last = began;
        const step = (now: number) => {
          times.push(now - last);
          last = now;
          if (rows !== null) rows.scrollTop += 90;
          if (now - began < 2_000) requestAnimationFrame(step);
          else resolve(times.slice(2));
        };
        requestAnimationFrame(step);
      }),
  );
  frames.sort((a, b) => a - b);
  return { firstMs, frameMs: frames[Math.floor(frames.length * 0.95)] ?? Number.NaN };
}

for (const actors of counts) {
  const samples: Awaited<ReturnType<typeof measure>>[] = [];
  for (let run = 0; run < runs; run += 1) samples.push(await measure(actors));
  const median = (of: (sample: (typeof samples)[number]) => number) =>
    samples.map(of).sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
  console.log(
    `${actors} actors: on the page after ${Math.round(median(({ firstMs }) => firstMs))} ms, 95 of 100 frames while scrolling within ${median(({ frameMs }) => frameMs).toFixed(1)} ms`,
  );
}
