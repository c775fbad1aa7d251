import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { DisconnectedError, type Link, type RemoteProcess } from "../../../src/index.ts";
import type { ServerKind } from "../../conformance/peer/server.ts";
import { verifies } from "../../rules/verifies.ts";
import { type BadNetwork, badNetwork, pseudoRandom, reached } from "./bad-network.ts";

/** Where a request is when the connection is lost (03 section 9.2). */
const moments = ["on its way", "in the executor's queue", "in the works", "answered"] as const;
type Moment = (typeof moments)[number];

/** What became of a request whose connection was lost. */
type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Makes a call and loses the connection at a moment of it; resolves with what the caller is told in the end. */
async function dropDuring<T>(moment: Moment, round: number, network: BadNetwork, link: Link, call: () => Promise<T>) {
  const { proxy, server } = network;
  const { pid } = server.child;
  if (pid === undefined) throw new Error("the executor runs");
  const sent = new Promise<void>((resolve) => {
    proxy.onBytes = (direction) => direction === "toExecutor" && resolve();
    proxy.onHeld = () => resolve(); // the request, or its answer
  });
  if (moment === "on its way") proxy.stall("toExecutor");
  if (moment === "in the executor's queue") process.kill(pid, "SIGSTOP");
  if (moment === "answered") {
    proxy.stall("toClient");
    proxy.onBytes = null;
  }
  const outcome = call().then(
    (value): Outcome => ({ value }),
    (error: unknown): Outcome => ({ error }),
  );
  await sent;
  if (moment === "in the works") await delay(pseudoRandom(round) * 3);
  const recovering = reached(link, "Recovering");
  proxy.cut();
  proxy.heal();
  if (moment === "in the executor's queue") process.kill(pid, "SIGCONT");
  await recovering;
  proxy.onBytes = null;
  proxy.onHeld = null;
  return outcome;
}

/** Expects success, or where that cannot be had the honest "unknown"; was it a success? */
function succeeded(outcome: Outcome, mayBeUnknown: boolean): boolean {
  if ("value" in outcome) return true;
  expect(mayBeUnknown, String(outcome.error)).toBe(true);
  expect(outcome.error).toBeInstanceOf(DisconnectedError);
  expect(outcome.error).toMatchObject({ effect: "unknown" });
  return false;
}

/** What is in a file, or nothing. */
const contents = (path: string) => readFile(path, "utf8").catch(() => "");

/** What callers are told of requests that lost their connection, and whether it is true; the same for both executors, but for D-4 and D-5. */
export function dropMomentTests(kind: ServerKind): void {
  const isReference = kind === "reference";

  describe.each(moments)(`a request to ${kind} that is %s when the connection is lost (03 T-4)`, (moment) => {
    const network = badNetwork(kind);
    const rounds = moment === "in the works" ? 10 : 1;
    /** Makes a call on a new link, as often as chance needs. */
    const during = async (round: (link: Link, n: number) => Promise<void>) => {
      for (let n = 0; n < rounds; n += 1) {
        await using link = await network.open();
        await round(link, n);
      }
    };

    it("start: the program runs once, and its caller has it, but for starts that the reference breaks off", async () => {
      verifies("03 T-4", "03 D-4");
      await during(async (link, n) => {
        const path = join(network.folder, `starts ${n}`);
        const start = () => link.start(["sh", "-c", `echo started >> "${path}"; exec cat`], { stdin: true });
        const outcome = await dropDuring(moment, n, network, link, start);
        // The reference finishes no start whose connection is gone, and knows no start ids.
        if (succeeded(outcome, isReference && moment !== "answered")) {
          const started = (outcome as { value: RemoteProcess }).value;
          const echo = started.output.next();
          await started.stdin.write("here");
          expect(Buffer.from((await echo).value.bytes).toString()).toBe("here");
          expect(await contents(path)).toBe("started\n");
        } else expect(["", "started\n"]).toContain(await contents(path));
        if (moment === "on its way" && isReference) expect(await contents(path)).toBe("");
      });
    });

    it("write: applied once", async () => {
      verifies("03 T-4", "03 I-8");
      await during(async (link, n) => {
        const remote = await link.start(["head", "-n", "3"], { stdin: true });
        await remote.stdin.write("first\n");
        const outcome = await dropDuring(moment, n, network, link, () => remote.stdin.write("second\n"));
        expect(succeeded(outcome, false)).toBe(true);
        await remote.stdin.write("third\n");
        expect(await remote.text()).toBe("first\nsecond\nthird\n");
      });
    });

    it("terminate: done", async () => {
      verifies("03 T-4");
      await during(async (link, n) => {
        const remote = await link.start(["sleep", "1000"]);
        expect(succeeded(await dropDuring(moment, n, network, link, () => remote.terminate()), false)).toBe(true);
        await remote.closed;
        expect([137, -1]).toContain((await remote.exited).exitCode); // -1: the reference (02 P-62)
      });
    });

    it("read: answered", async () => {
      verifies("03 T-4");
      const path = join(network.folder, "read");
      await writeFile(path, "what there is");
      await during(async (link, n) => {
        const outcome = await dropDuring(moment, n, network, link, () => link.files.readFile(path));
        expect(succeeded(outcome, false)).toBe(true);
        expect(String((outcome as { value: unknown }).value)).toBe("what there is");
      });
    });

    it("writeFile: done once, and its caller knows; with the reference nobody knows", async () => {
      verifies("03 T-4", "03 D-5");
      await during(async (link, n) => {
        const path = join(network.folder, `written ${n}`);
        const outcome = await dropDuring(moment, n, network, link, () => link.files.writeFile(path, "whole"));
        if (succeeded(outcome, isReference)) expect(await contents(path)).toBe("whole");
        if (isReference && moment === "on its way") expect(await contents(path)).toBe("");
        if (isReference && moment === "answered") expect(await contents(path)).toBe("whole");
        if (isReference && moment !== "in the works") expect(outcome).toHaveProperty("error");
      });
    });
  });
}
