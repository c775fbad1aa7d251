// A build that a signal ends, because it took longer than it may: `node examples/failures/time-limit.ts`.
import { connect } from "../../src/index.ts";
import { stage, untilLeft } from "./stage.ts";

const script = "for unit in parser planner linker; do echo compiling $unit; sleep 0.4; done; echo linking; sleep 600";

await stage("a build that links for ever, and may take two seconds", {}, async (server, stays) => {
  await using link = await connect(server.url);
  const [test, build] = await Promise.all([
    link.start(["sh", "-c", "echo 12 tests; sleep 0.5; echo 12 passed"]),
    link.start(["sh", "-c", script], { timeLimitMs: 2_000 }),
  ]);
  await Promise.all([test.closed, build.closed]);
  await untilLeft(stays);
});
