import { once } from "node:events";
import { parseArgs } from "node:util";
import { type ServeOptions, type Server, serve } from "../../src/index.ts";

/** How long the page stays when nobody ends the program before. */
const longestMs = 15 * 60_000;

/**
 * Stages a failure under the eyes of the inspector: says where its page is, lets it happen on Enter, and stays until Ctrl-C. With
 * `--record FILE` it writes a recording instead, and ends when all is over.
 */
export async function stage(
  what: string,
  options: ServeOptions,
  play: (server: Server, stays: AbortSignal) => Promise<void>,
): Promise<void> {
  const { record } = parseArgs({ options: { record: { type: "string" } } }).values;
  await using server = await serve({ ...options, inspect: record === undefined ? true : { page: false, record } });
  if (server.inspector?.url != null) console.log(`open ${server.inspector.url}`);
  console.log(what);
  const stays = new AbortController();
  if (record === undefined) {
    process.once("SIGINT", () => stays.abort());
    setTimeout(() => stays.abort(), longestMs).unref();
    // Nothing is remembered of the time before somebody watches.
    if (process.stdin.isTTY) {
      console.log("press Enter when the page is open; Ctrl-C ends it");
      await Promise.race([once(process.stdin, "data"), once(stays.signal, "abort")]);
      process.stdin.pause();
      if (stays.signal.aborted) return;
    }
  } else stays.abort();
  await play(server, stays.signal);
}

/** Resolves when the program is to end. */
export async function untilLeft(stays: AbortSignal): Promise<void> {
  if (!stays.aborted) await new Promise((resolve) => stays.addEventListener("abort", resolve));
}
