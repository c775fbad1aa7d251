import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultMaskDirectory } from "../../../src/executor/sandbox/mask-registry.ts";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor } from "./confined-executor.ts";

/** The same starts and ends in every run. */
const seed = 20_261_129;
const rounds = 3;
const atOnce = 12;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync("/var/tmp/proctor-leftovers-");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const special = (kind: string, access: string) => ({ path: { type: "special", value: { kind } }, access });
const at = (path: string, access: string) => ({ path: { type: "path", path: `file://${path}` }, access });
const sandbox = (...more: readonly object[]) => ({
  permissions: {
    type: "managed",
    file_system: { type: "restricted", entries: [special("root", "read"), ...more] },
    network: "restricted",
  },
  windowsSandboxLevel: "disabled",
});

/** How one program is confined, what it does, and how it comes to its end. */
const life = fc.record({
  profile: fc.constantFrom("read-only", "workspace", "missing", "refused"),
  script: fc.constantFrom(
    ":",
    "exit 3",
    "sleep 600",
    "echo out; sleep 600",
    "setsid sleep 600 & sleep 600",
    "kill -9 $$",
    "mkdir .git; echo x > a; exit 1",
  ),
  tty: fc.boolean(),
  end: fc.constantFrom("wait", "terminate", "interrupt", "at once"),
});

function sandboxOf(profile: string): object {
  if (profile === "read-only") return sandbox();
  if (profile === "workspace") return sandbox(special("project_roots", "write"), special("slash_tmp", "write"));
  if (profile === "missing")
    return sandbox(
      special("project_roots", "write"),
      at(join(folder, "not/there"), "deny"),
      at(join(folder, "nor/here"), "read"),
    );
  // Nothing is visible, not even the program: found out by bubblewrap.
  return {
    ...sandbox(),
    permissions: {
      type: "managed",
      file_system: { type: "restricted", entries: [at("/var", "read")] },
      network: "restricted",
    },
  };
}

/** The processes of this user whose program is bubblewrap, or one of those below a program of ours. */
function below(pid: number): string[] {
  const parents = new Map<number, number>();
  const names = new Map<number, string>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const [, name = "", rest = ""] = /\((.*)\) \S (.*)/s.exec(readFileSync(`/proc/${entry}/stat`, "utf8")) ?? [];
      parents.set(Number(entry), Number(rest.split(" ")[0]));
      names.set(Number(entry), `${name} ${entry}`);
    } catch {
      // Ended while we looked.
    }
  }
  const isBelow = (one: number): boolean => {
    const parent = parents.get(one);
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow).map((one) => names.get(one) ?? "");
}

/** What is open here, by what it is; sockets and pipes by kind, since their numbers change. */
function openDescriptors(): string[] {
  return readdirSync("/proc/self/fd")
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // the one that listed them
      }
    })
    .map((target) => target.replace(/\[.*\]/, "[]"))
    .sort();
}

const mounts = () => readFileSync("/proc/self/mountinfo", "utf8");
const noted = () => readdirSync(defaultMaskDirectory()).filter((name) => name.startsWith(`${process.pid}-`));
const temporaryFiles = () =>
  [tmpdir(), "/dev/shm"].flatMap((place) => readdirSync(place)).filter((name) => name.startsWith("proctor-sandbox-"));

test("after many starts that end in every way nothing is left: no process, mount, mask, file or descriptor", {
  timeout: 60_000,
}, async () => {
  verifies("05 SB-L13", "05 SB-P7", "05 SB-V3", "05 SB-V4");
  await using executor = await ConfinedExecutor.start();
  const lives = fc.sample(fc.array(life, { minLength: atOnce, maxLength: atOnce }), { seed, numRuns: rounds });
  let lived = 0;
  const live = async ({ profile, script, tty, end }: (typeof lives)[number][number]): Promise<string> => {
    const processId = `life-${++lived}`;
    const started = executor.peer.answer("process/start", {
      processId,
      argv: ["/bin/sh", "-c", script],
      cwd: `file://${profile === "refused" ? "/var" : folder}`,
      env: { PATH: "/usr/bin:/bin" },
      tty,
      sandbox: sandboxOf(profile),
    });
    // In the middle of the start.
    if (end === "at once") void executor.peer.answer("process/terminate", { processId });
    const answer = await started;
    if ("error" in answer) return answer.error.message;
    const isEndless = script.includes("600");
    if (end === "interrupt" && isEndless)
      await executor.peer.request("process/signal", { processId, signal: "interrupt" });
    if (isEndless && end !== "terminate") void executor.peer.answer("process/terminate", { processId });
    if (end === "terminate") await executor.peer.request("process/terminate", { processId });
    await executor.end(processId);
    return profile;
  };
  // What the first start leaves for the next ones, such as the filters, is no leftover.
  await live({ profile: "workspace", script: ":", tty: false, end: "wait" });
  await live({ profile: "workspace", script: ":", tty: true, end: "wait" });
  const before = { descriptors: openDescriptors(), mounts: mounts(), children: below(process.pid).length };

  const seen = new Set<string>();
  for (const round of lives) for (const one of await Promise.all(round.map(live))) seen.add(one);

  expect([...seen].sort()).toEqual(["missing", "read-only", "refused", "workspace"]);
  // A parent that was killed is reaped by whoever is next: until then its zombie is there.
  await expect.poll(() => below(process.pid).length, { timeout: 10_000 }).toBe(before.children);
  await expect.poll(openDescriptors, { timeout: 10_000 }).toEqual(before.descriptors);
  expect(mounts()).toBe(before.mounts);
  expect(readdirSync(folder).filter((name) => name !== "a")).toEqual([]);
  expect(noted()).toEqual([]);
  await expect.poll(temporaryFiles, { timeout: 10_000 }).toEqual([]); // other tests have theirs for a moment
});

test("what an executor that is killed leaves in a workspace the next one removes", async () => {
  verifies("05 SB-V3", "05 SB-L13");
  const workspace = join(folder, "w");
  mkdirSync(workspace);
  const env = { XDG_STATE_HOME: join(folder, "state") };
  {
    await using killed = await ConfinedExecutor.served("proctor", undefined, env);
    const { processId } = await killed.ask({
      argv: ["/bin/sh", "-c", "echo ready; sleep 600"],
      cwd: `file://${workspace}`,
      env: { PATH: "/usr/bin:/bin" },
      sandbox: sandbox(special("project_roots", "write")),
    });
    await killed.printed(processId, "ready");
    process.kill(killed.pid, "SIGKILL");
    await killed.peer.ended;
  }
  expect(readdirSync(workspace).sort()).toEqual([".agents", ".codex", ".git"]);
  await using _next = await ConfinedExecutor.served("proctor", undefined, env);
  expect(readdirSync(workspace)).toEqual([]);
});
