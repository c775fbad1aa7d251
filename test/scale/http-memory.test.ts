import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { httpOrigin } from "../http-origin.ts";
import { verifies } from "../rules/verifies.ts";

const MIB = 1024 * 1024;

interface Held {
  readonly bytes: number;
  readonly liveBytes: number;
  readonly peakBytes: number;
}

/** A program of this folder, and the lines that it prints. */
function program(file: string, ...args: readonly string[]) {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [
    "--expose-gc",
    join(import.meta.dirname, file),
    ...args,
  ]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    line: async () => String((await lines.next()).value),
    [Symbol.asyncDispose]: async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

it("a body of a gigabyte takes no more memory than a small one, on either side (06 H-46a, F-9)", {
  timeout: 300_000,
}, async () => {
  verifies("06 H-46a", "06 F-9");
  await using executor = program("http-executor.ts");
  const executorUrl = await executor.line();
  const atExecutor: Held[] = [];
  await using origin = await httpOrigin({
    "/body": async (query, _request, response) => {
      const piece = Buffer.alloc(MIB / 4, "x");
      for (let left = Number(query.get("mib")) * 4; left > 0; left -= 1) {
        if (!response.write(piece)) await once(response, "drain");
      }
      response.end();
    },
    "/look": async (_query, _request, response) => {
      executor.child.stdin.write("\n");
      atExecutor.push(JSON.parse(await executor.line()) as Held);
      response.end();
    },
  });
  const pages = ["/body?mib=64", "/look", "/body?mib=1024", "/look"].map((path) => origin.url + path);
  await using reader = program("http-reader.ts", executorUrl, ...pages);
  const atReader: Held[] = [];
  for (const _ of pages) atReader.push(JSON.parse(await reader.line()) as Held);
  expect([atReader[0]?.bytes, atReader[2]?.bytes]).toEqual([64 * MIB, 1024 * MIB]);
  for (const [small, large] of [
    [atReader[0], atReader[2]],
    [atExecutor[0], atExecutor[1]],
  ]) {
    if (small === undefined || large === undefined) throw new Error("each has been looked at twice");
    expect(large.liveBytes - small.liveBytes).toBeLessThan(8 * MIB);
    // What the collector and the allocator let lie for a while; of the body itself it would be 960 MiB.
    expect(large.peakBytes - small.peakBytes).toBeLessThan(256 * MIB);
  }
});
