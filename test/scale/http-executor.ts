// An executor that says its URL, and then for each line on stdin what it holds of memory.
import { createInterface } from "node:readline";
import { serve } from "../../src/index.ts";
import { liveBytes } from "./live-bytes.ts";

await using server = await serve();
console.log(server.url);
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify({ liveBytes: await liveBytes(), peakBytes: process.resourceUsage().maxRSS * 1024 }));
}
