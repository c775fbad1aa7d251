import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor } from "./confined-executor.ts";
import { sandboxFixture } from "./fixture.ts";
import vectors from "./sandbox-vectors.json" with { type: "json" };

interface Vector {
  readonly id: string;
  readonly title: string;
  readonly profile: object;
  readonly context: object;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly enforceManagedNetwork?: boolean;
  readonly operation: { readonly type: string; readonly sh: string };
  readonly expected: string;
  readonly expect?: {
    readonly stdout?: string;
    readonly stderrContains?: string;
    readonly host?: readonly { readonly path: string; readonly exists?: boolean; readonly content?: string }[];
  };
}

/** Those that run a program; file operations are still refused under a sandbox. */
const cases = (vectors.vectors as unknown as readonly Vector[]).filter(({ operation }) => operation.type === "exec");
const searchPath = "/usr/local/sbin:/usr/bin:/bin:/usr/sbin:/sbin";

let executor: ConfinedExecutor;
beforeAll(async () => {
  executor = await ConfinedExecutor.start();
});
afterAll(() => executor[Symbol.asyncDispose]());

test.each(cases)("$id $title", async (vector) => {
  verifies(
    "05 SB-A2",
    "05 SB-L1",
    "05 SB-L2",
    "05 SB-L5",
    "05 SB-L7",
    "05 SB-L8",
    "05 SB-L9",
    "05 SB-L10",
    "05 SB-L14",
  );
  verifies("05 SB-M1", "05 SB-M2", "05 SB-M3", "05 SB-M4", "05 SB-M5", "05 SB-M6", "05 SB-S1", "05 SB-S2", "05 SB-X1");
  await using fixture = await sandboxFixture();
  const places: Readonly<Record<string, string>> = {
    HOST_NETNS: readlinkSync("/proc/self/ns/net"),
    HOST_PID: String(process.pid),
  };
  const fill = (text: string) =>
    fixture.fill(text).replace(/\$\{(HOST_\w+)\}/g, (_, name: string) => places[name] ?? "");
  const { profile, context, cwd, operation, env, enforceManagedNetwork, expected } = JSON.parse(
    fill(JSON.stringify(vector)),
  ) as Vector;
  const seen = await executor.run({
    argv: ["/bin/sh", "-c", operation.sh],
    cwd,
    env: { PATH: searchPath, ...env },
    sandbox: { permissions: profile, windowsSandboxLevel: "disabled", ...context },
    ...(enforceManagedNetwork !== undefined && { enforceManagedNetwork }),
  });

  const isAllowed = !("error" in seen) && seen.exitCode === 0;
  expect(isAllowed ? "allowed" : "denied", JSON.stringify(seen)).toBe(expected);
  const { stdout, stderrContains, host = [] } = vector.expect ?? {};
  if (!("error" in seen)) {
    if (stdout !== undefined) expect(seen.stdout).toBe(fill(stdout));
    if (stderrContains !== undefined) expect(seen.stderr).toContain(stderrContains);
  }
  for (const { path, exists = true, content } of host) {
    expect(existsSync(fill(path)), path).toBe(exists);
    if (content !== undefined) expect(readFileSync(fill(path), "utf8")).toBe(fill(content));
  }
  const left = [".git", ".agents", ".codex"].filter((name) => existsSync(join(fixture.root, "w", name)));
  expect(left, "left in the workspace").toEqual([]);
});
