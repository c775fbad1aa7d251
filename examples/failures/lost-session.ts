// A client that goes away and comes back too late: `node examples/failures/lost-session.ts`.
import { setTimeout as sleep } from "node:timers/promises";
import { RawConnection } from "../raw-connection.ts";
import { stage, untilLeft } from "./stage.ts";

const sessionTtlMs = 2_000;

await stage(`a session that lives ${sessionTtlMs} ms without its client`, { sessionTtlMs }, async (server, stays) => {
  const client = await RawConnection.open(server.url, () => {});
  const session = await client.initialize(null);
  await client.request("process/start", {
    processId: "training",
    argv: ["sh", "-c", "while :; do echo epoch; sleep 0.5; done"],
    cwd: "file:///",
    env: { PATH: process.env.PATH ?? "" },
    tty: false,
  });
  await sleep(1_000);
  await client.cut();
  await sleep(sessionTtlMs + 500);
  const late = await RawConnection.open(server.url, () => {});
  await late.initialize(session).catch((error) => console.log(`too late: ${error.message}`));
  await untilLeft(stays);
  await late.cut();
});
