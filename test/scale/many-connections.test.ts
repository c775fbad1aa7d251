import { expect, it } from "vitest";
import { connect, type Link, serve } from "../../src/index.ts";
import { descendants } from "../conformance/peer/process-tree.ts";

interface Belongings {
  /** Sockets, servers, pipes, timers and children of this program, by kind. */
  readonly resources: readonly string[];
  /** Processes below this one. */
  readonly children: readonly number[];
}

const belongings = (): Belongings => ({
  resources: process.getActiveResourcesInfo().filter((name) => /TCP|Pipe|Process|Timeout|TTY/.test(name)),
  children: descendants(process.pid),
});

/** What is there now and was not before; the test runner's own timers come and go. */
function leftSince(before: Belongings): readonly (string | number)[] {
  const now = belongings();
  const resources = [...now.resources];
  for (const name of before.resources) if (resources.includes(name)) resources.splice(resources.indexOf(name), 1);
  return [...resources, ...now.children.filter((pid) => !before.children.includes(pid))];
}

/** Descriptors are closed from the event loop, not at once. */
async function untilNothingIsLeft(before: Belongings): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (leftSince(before).length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(leftSince(before)).toEqual([]);
}

it("300 connections with 300 processes work at once, and afterwards nothing is left: no child, no socket, no timer", async () => {
  const before = belongings();
  let links: Link[] = [];
  {
    await using server = await serve();
    links = await Promise.all(Array.from({ length: 300 }, () => connect(server.url)));
    expect(server.executor.counts).toMatchObject({ connections: 300, sessions: 300 });
    const processes = await Promise.all(links.map((link) => link.start(["cat"], { stdin: true })));
    expect(server.executor.counts.processes).toBe(300);
    const echoes = await Promise.all(
      processes.map(async (process, n) => {
        const output = process.output;
        await process.stdin.write(`hello ${n}`);
        return Buffer.from((await output.next()).value.bytes).toString();
      }),
    );
    expect(echoes).toEqual(processes.map((_, n) => `hello ${n}`));

    // A third ends in order, a third is ended, a third is left to the server.
    await Promise.all(links.slice(0, 100).map((link) => link.close()));
    await Promise.all(processes.slice(100, 200).map((process) => process.terminate()));
    await Promise.all(processes.slice(100, 200).map((process) => process.closed));
  }
  // Those that lost the server would try to come back to it for a while.
  await Promise.all(links.map((link) => link.close()));
  await untilNothingIsLeft(before);
}, 60_000);

it("a thousand processes one after another and side by side leave nothing behind", async () => {
  const before = belongings();
  {
    await using server = await serve();
    await using link = await connect(server.url);
    await (await link.start(["true"])).closed; // with the first one comes the guard, which stays
    const { children } = belongings();
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let n = 0; n < 50; n += 1) {
          const process = await link.start(["true"]);
          expect(await process.exited).toMatchObject({ exitCode: 0 });
          await process.closed;
        }
      }),
    );
    await untilNothingIsLeft({ ...belongings(), children });
  }
  await untilNothingIsLeft(before);
}, 60_000);
