import type { RemoteEvent, RemoteProcess } from "../../../src/index.ts";

/** Every event of a process until it closes. */
export async function allEvents(process: RemoteProcess): Promise<RemoteEvent[]> {
  const events: RemoteEvent[] = [];
  await process.events$.forEach((event) => void events.push(event));
  return events;
}

/**
 * Resolves when `read` gives the same value several times in a row, looked at every 50 ms. What is read is how much a child has
 * written, as its host counts it: of a child that blocks no event tells, and the executor may be a program of somebody else's.
 */
export async function untilStill<T>(read: () => Promise<T>): Promise<T> {
  let value = await read();
  for (let same = 0; same < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const next = await read();
    same = next === value ? same + 1 : 0;
    value = next;
  }
  return value;
}
