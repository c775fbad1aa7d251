import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { RpcClient, startParams } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import type { Scenario } from "./scenario.ts";

/** A write without an answer for this long waits for room. */
const BLOCKED_MS = 400;

/** More than any pipe and queue may hold: a server that accepts so many writes of 64 KiB has no bound. */
const TOO_MANY_WRITES = 400;

/** A child that never reads: writes are accepted up to a bound, then wait; nothing else may wait with them. */
export const stdinBackpressure: Scenario = {
  name: "a write to a full stdin waits for room, and a request behind it does not wait with it",
  recording: "p29-stdin-backpressure",
  rules: ["02 P-49", "02 S-2", "01 B-1", "03 D-11"],
  async run(kind) {
    await using server = await startServer(kind);
    using client = await RpcClient.open(server.url);
    await using folder = await mkdtempDisposable(join(tmpdir(), "stdin-"));
    const word = join(folder.path, "end");
    const deaf = ["sh", "-c", 'until [ -e "$0" ]; do sleep 0.05; done', word];
    await client.result("process/start", startParams("s", deaf, { pipeStdin: true }));
    const chunk = Buffer.alloc(65_536).toString("base64");
    const { accepted, blocked } = await writeUntilBlocked(client, chunk);
    expect(accepted).toBeGreaterThan(100);
    expect(accepted).toBeLessThan(TOO_MANY_WRITES);

    const behind = client.send("environment/info");
    // The reference handles one request after the other: there it is answered only when the child is gone.
    const atOnce = kind === "reference" ? null : await client.answer(behind);
    await writeFile(word, "");
    const exit = await client.event("process/exited", "s");
    await client.event("process/closed", "s");
    const late = await client.answer(blocked);
    // When the child is gone the reference accepts what nobody will read (03 D-11).
    expect(late.body.result).toMatchObject({ status: kind === "reference" ? "accepted" : "stdinClosed" });
    const info = atOnce ?? (await client.answer(behind));
    if (kind === "reference") expect(info.at).toBeGreaterThanOrEqual(late.at);
    else expect(info.at).toBeLessThan(exit.at);
    expect(exit.params.exitCode).toBe(0);
  },
};

async function writeUntilBlocked(client: RpcClient, chunk: string): Promise<{ accepted: number; blocked: string }> {
  for (let accepted = 0; accepted < TOO_MANY_WRITES; accepted++) {
    const id = client.send("process/write", { processId: "s", chunk, writeId: `w${accepted}` });
    const isBlocked = pause(BLOCKED_MS, true);
    if (await Promise.race([isBlocked, client.answer(id).then(() => false)])) return { accepted, blocked: id };
    expect((await client.answer(id)).body.result).toMatchObject({ status: "accepted" });
  }
  throw new Error(`${TOO_MANY_WRITES} writes were accepted`);
}
