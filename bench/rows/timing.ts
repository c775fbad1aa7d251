/** How long something takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Does it again and again, one at a time, and returns how long each took; stops early after `maxMs` in all. */
export async function repeated(count: number, maxMs: number, work: () => Promise<unknown>): Promise<number[]> {
  const deadline = performance.now() + maxMs;
  const samples: number[] = [];
  for (let n = 0; n < count && (n === 0 || performance.now() < deadline); n += 1) samples.push(await timed(work));
  return samples;
}

/** Does it `count` times, so many at a time. */
export async function crowded(count: number, atOnce: number, work: () => Promise<unknown>): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}

/** Amount and time as a rate: `amount` in `ms` milliseconds, a second. */
export const perSecond = (amount: number, ms: number): number => (amount / ms) * 1_000;

/** Bytes in so many milliseconds, as megabytes a second. */
export const megabytesPerSecond = (bytes: number, ms: number): number => perSecond(bytes, ms) / 1e6;

/** Processor seconds for so many bytes, a gigabyte. */
export const secondsPerGigabyte = (cpu: number, bytes: number): number => (cpu / bytes) * 1e9;

/** That so much came as was to come: a measure of something else would be worse than none. */
export function assertCount(actual: number, expected: number, what: string): void {
  if (actual !== expected) throw new Error(`${actual} ${what} instead of ${expected}`);
}
