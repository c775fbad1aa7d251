// A program that seems to hang, because nobody reads what it prints: `node examples/failures/slow-reader.ts`.
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../src/index.ts";
import { stage, untilLeft } from "./stage.ts";

await stage("a report of 64 MB, and a client that reads one piece of it", {}, async (server, stays) => {
  await using link = await connect(server.url);
  const report = await link.start(["sh", "-c", "yes 'another line of the report' | head -c 64000000; echo done"]);
  const { output } = report;
  await output.next();
  await link.start(["sh", "-c", "echo this one is read; sleep 1"]);
  // All that is between the two fills up, and then the program is held back.
  await sleep(1_500);
  await untilLeft(stays);
});
