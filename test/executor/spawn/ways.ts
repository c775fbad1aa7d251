import { afterAll } from "vitest";
import { loadLibc } from "../../../src/executor/spawn/libc.ts";
import { type PosixProcessHost, posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";

/** A host for each way in which this machine can start children; disposed of after the last test of the file. */
export function waysToStart(): readonly (readonly [name: string, host: PosixProcessHost])[] {
  const byNode = posixProcessHost({ libc: null });
  const ways: [string, PosixProcessHost][] = [["Node", byNode]];
  if (loadLibc() !== null) ways.unshift(["the C library", posixProcessHost()]);
  afterAll(() => {
    for (const [, host] of ways) host[Symbol.dispose]();
  });
  return ways;
}
