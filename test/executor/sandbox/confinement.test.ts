import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RawNotification } from "../../raw-connection.ts";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor } from "./confined-executor.ts";

let executor: ConfinedExecutor;
let folder: string;
beforeEach(async () => {
  executor = await ConfinedExecutor.start();
  folder = mkdtempSync("/var/tmp/proctor-confined-");
});
afterEach(async () => {
  await executor[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const special = (kind: string, access: string) => ({ path: { type: "special", value: { kind } }, access });

/** A profile that reads all and writes the workspace. */
function workspace(...more: readonly object[]) {
  const entries = [special("root", "read"), special("project_roots", "write"), ...more];
  return {
    permissions: { type: "managed", file_system: { type: "restricted", entries }, network: "restricted" },
    windowsSandboxLevel: "disabled",
  };
}

const sh = (script: string, more: object = {}) => ({
  argv: ["/bin/sh", "-c", script],
  cwd: `file://${folder}`,
  env: { PATH: "/usr/bin:/bin" },
  sandbox: workspace(),
  ...more,
});

test("an interrupt reaches the handler of the program inside, and its exit code comes back", async () => {
  verifies("05 SB-T1");
  const { processId } = await executor.ask(
    sh("trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.01; done"),
  );
  await executor.printed(processId, "ready");
  await executor.peer.request("process/signal", { processId, signal: "interrupt" });
  expect(await executor.end(processId)).toMatchObject({ exitCode: 7, stdout: "ready\ncaught\n" });
});

test("on a terminal ^C reaches the program inside, which has the terminal", async () => {
  verifies("05 SB-T2");
  const script = "trap 'echo caught; exit 7' INT; : </dev/tty && echo ready; while :; do sleep 0.01; done";
  const { processId } = await executor.ask(sh(script, { tty: true }));
  await executor.printed(processId, "ready");
  const chunk = Buffer.from("\u0003").toString("base64");
  await executor.peer.request("process/write", { processId, writeId: "1", chunk });
  const { exitCode, stdout } = await executor.end(processId);
  expect(exitCode).toBe(7);
  expect(stdout).toContain("caught");
});

test("an interrupt on a terminal does what ^C does", async () => {
  verifies("05 SB-T2");
  const script = "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.01; done";
  const { processId } = await executor.ask(sh(script, { tty: true }));
  await executor.printed(processId, "ready");
  await executor.peer.request("process/signal", { processId, signal: "interrupt" });
  expect(await executor.end(processId)).toMatchObject({ exitCode: 7 });
});

test("terminate ends all that is inside, and leaves nothing in the workspace", async () => {
  verifies("05 SB-P7", "05 SB-V3");
  const { processId } = await executor.ask(sh("setsid sleep 600 & echo ready; wait"));
  await executor.printed(processId, "ready");
  expect(readdirSync(folder).sort()).toEqual([".agents", ".codex", ".git"]);
  expect(await executor.peer.request("process/terminate", { processId })).toEqual({ running: true });
  expect(await executor.end(processId)).toMatchObject({ exitCode: 137, sandboxDenied: false });
  expect(readdirSync(folder)).toEqual([]);
});

test("what a program leaves behind ends with it", async () => {
  verifies("05 SB-P7");
  const { exitCode, stdout } = (await executor.run(sh("(sleep 600; echo late) & echo done"))) as {
    exitCode: number;
    stdout: string;
  };
  expect([exitCode, stdout]).toEqual([0, "done\n"]);
});

test("neither a bwrap on the program's PATH nor its loader variables run anything outside", async () => {
  verifies("05 SB-P9", "05 SB-P10", "05 SB-V5", "05 SB-Q1");
  const trap = join(folder, "bin");
  mkdirSync(trap);
  for (const name of ["bwrap", "rg", "env"]) {
    writeFileSync(join(trap, name), `#!/bin/sh\n/usr/bin/touch ${folder}/outside\n`);
    chmodSync(join(trap, name), 0o755);
  }
  const env = { PATH: `${trap}:/usr/bin:/bin`, LD_PRELOAD: "/nonexistent/library.so" };
  const seen = await executor.run(sh("exec 2>&1; ls", { env, tty: true, sandbox: workspace() }));
  expect(seen).toMatchObject({ exitCode: 0 });
  expect(existsSync(join(folder, "outside"))).toBe(false);
  // The loader complains once for each program that it is asked to load it into: the shell and `ls`, and `env` before them.
  const complaints = "stdout" in seen ? seen.stdout.match(/cannot be preloaded/g) : null;
  expect(complaints?.length).toBe(3);
});

test.each([false, true])("the program gets 0, 1 and 2, and nothing of ours; on a terminal: %s", async (tty) => {
  verifies("05 SB-P11", "05 SB-S4");
  const seen = await executor.run(sh("cd /proc/self/fd && for fd in *; do [ -e $fd ] && echo $fd; done", { tty }));
  expect("stdout" in seen && seen.stdout.split(/\s+/).filter(Boolean)).toEqual(["0", "1", "2"]);
});

test("the program sees exactly its environment and PWD", async () => {
  verifies("05 SB-P5", "05 SB-L12");
  const seen = await executor.run(sh("env", { argv: ["/usr/bin/env"], env: { A: "1 \n2", PATH: "/bin" } }));
  expect(seen).toMatchObject({ exitCode: 0, stdout: `A=1 \n2\nPATH=/bin\nPWD=${folder}\n` });
});

test("output goes through real pipes, so that /dev/stdout can be opened again", async () => {
  verifies("05 SB-P12", "05 SB-V6");
  const child = `${process.execPath} -e 'require("child_process").spawn(process.execPath, ["-e", "console.log(7)"], {stdio: ["ignore","pipe","inherit"]}).stdout.pipe(process.stdout)'`;
  const seen = await executor.run(sh(`echo again > /dev/stdout; ${child}`));
  expect(seen).toMatchObject({ exitCode: 0, stdout: "again\n7\n" });
});

test("twenty programs in one workspace are all protected, and nothing is left when the last has ended", async () => {
  verifies("05 SB-L13", "05 SB-V4");
  const script = "mkdir .git .codex .agents 2>/dev/null && echo broken; touch .git/x 2>/dev/null && echo broken; :";
  const runs = Array.from({ length: 20 }, (_, index) =>
    executor.run(sh(`${script}; [ $((${index} % 2)) = 0 ] || sleep 0.05; ${script}`)),
  );
  for (const seen of await Promise.all(runs)) expect(seen).toMatchObject({ exitCode: 0, stdout: "", failure: null });
  expect(readdirSync(folder)).toEqual([]);
});

test("an empty .git of the user is not taken for a mask", async () => {
  verifies("05 SB-L13");
  mkdirSync(join(folder, ".git"));
  expect(await executor.run(sh("touch .git/x 2>/dev/null || echo refused"))).toMatchObject({ stdout: "refused\n" });
  expect(readdirSync(folder)).toEqual([".git"]);
});

test("a directory above a denied file cannot be moved, so that no second program reads it elsewhere", async () => {
  verifies("05 SB-L8", "05 SB-V8");
  mkdirSync(join(folder, "a/b"), { recursive: true });
  writeFileSync(join(folder, "a/b/key"), "SECRET");
  const sandbox = workspace({ path: { type: "path", path: `file://${folder}/a/b/key` }, access: "deny" });
  expect(await executor.run(sh("mv a c", { sandbox }))).toMatchObject({ exitCode: 1, sandboxDenied: false });
  expect(await executor.run(sh("cat c/b/key; cat a/b/key", { sandbox }))).toMatchObject({ exitCode: 1, stdout: "" });
});

test("the end of a confined program tells the client of a denial", async () => {
  verifies("05 SB-D6");
  const { processId } = await executor.ask(sh("echo Permission denied; exit 1"));
  await executor.end(processId);
  const exited = executor.peer.eventsOf(processId).find(({ method }: RawNotification) => method === "process/exited");
  expect(exited?.params).toMatchObject({ exitCode: 1, sandboxDenied: true });
});

test("no process listing shows the policy or the environment", async () => {
  verifies("05 SB-L12");
  const { processId } = await executor.ask(
    sh("echo ready; sleep 600", { env: { PATH: "/usr/bin:/bin", KEY: "hidden-value" } }),
  );
  await executor.printed(processId, "ready");
  const lines = spawnSync("/bin/sh", ["-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]).stdout.toString();
  expect(lines).not.toContain("hidden-value");
  await executor.peer.request("process/terminate", { processId });
});

test.each([
  ["without a sandbox", { sandbox: null }],
  ["in a sandbox", {}],
  [
    "with a proxy on loopback, to which nobody here bridges",
    { env: { PATH: "/usr/bin:/bin", HTTPS_PROXY: "http://127.0.0.1:9" } },
  ],
])("a network that is to be managed is refused before anything runs, %s", async (_how, more) => {
  verifies("05 SB-X1");
  const seen = await executor.run(
    sh("touch /var/tmp/$(basename $PWD)-ran file", { ...more, enforceManagedNetwork: true }),
  );
  expect(seen).toMatchObject({
    error: { rpcCode: -32602, message: "managed network cannot be enforced on this executor" },
  });
  expect(readdirSync(folder)).toEqual([]);
});

test("what a pattern matches is looked up at the start: what comes later is not covered, until the next start", async () => {
  verifies("05 SB-G4");
  writeFileSync(join(folder, "old.env"), "old\n");
  const sandbox = workspace({ path: { type: "glob_pattern", pattern: "*.env" }, access: "deny" });
  const script = "cat old.env; [ -e new.env ] || echo new > new.env; cat new.env";
  expect(await executor.run(sh(script, { sandbox }))).toMatchObject({ exitCode: 0, stdout: "new\n" });
  expect(await executor.run(sh(script, { sandbox }))).toMatchObject({ exitCode: 1, stdout: "" });
});

test("each start reads its own filter and its own empty files", async () => {
  verifies("05 SB-L11", "05 SB-S7");
  for (const name of ["a", "b", "c"]) writeFileSync(join(folder, name), "secret\n");
  const sandbox = workspace(
    ...["a", "b", "c"].map((name) => ({ path: { type: "path", path: `file://${folder}/${name}` }, access: "deny" })),
  );
  const socket = `python3 -c 'import socket; socket.socket()' 2>/dev/null && echo socket`;
  for (let start = 0; start < 3; start += 1) {
    const seen = await executor.run(
      sh(`cat a b c 2>/dev/null; grep Seccomp: /proc/self/status; ${socket}; :`, { sandbox }),
    );
    expect(seen).toMatchObject({ exitCode: 0, stdout: "Seccomp:\t2\n" });
  }
});

test("the flag for the old sandbox of Linux is accepted, and protects no less", async () => {
  verifies("05 SB-K1");
  const sandbox = { ...workspace(), useLegacyLandlock: true };
  expect(await executor.run(sh("mkdir .git; touch /var/tmp/never; ls -A", { sandbox }))).toMatchObject({
    stdout: ".agents\n.codex\n.git\n",
  });
  expect([readdirSync(folder), existsSync("/var/tmp/never")]).toEqual([[], false]);
});

test("in another thread than the main one nothing is confined, so nothing runs: bubblewrap would die with the thread", async () => {
  verifies("05 SB-L4");
  const worker = new Worker(new URL("confined-worker.ts", import.meta.url), { workerData: join(folder, "file") });
  const [refusal] = await once(worker, "message");
  expect(refusal).toBe("sandboxes can be made in the main thread of a program only");
  expect(readdirSync(folder)).toEqual([]);
});
