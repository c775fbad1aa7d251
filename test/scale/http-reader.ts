// Fetches pages through an executor, and says for each how much it was and what this program holds of memory afterwards.
import { connect } from "../../src/index.ts";
import { liveBytes } from "./live-bytes.ts";

const [executorUrl = "", ...pages] = process.argv.slice(2);
await using link = await connect(executorUrl);
for (const page of pages) {
  let bytes = 0;
  for await (const piece of (await link.fetch(page)).body ?? []) bytes += piece.length;
  console.log(
    JSON.stringify({ bytes, liveBytes: await liveBytes(), peakBytes: process.resourceUsage().maxRSS * 1024 }),
  );
}
