import { spawn } from "node:child_process";
import {
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor, type ConfinedRun, usersHere } from "./confined-executor.ts";

const special = (kind: string, access: string) => ({ path: { type: "special", value: { kind } }, access });
const at = (path: string, access: string) => ({ path: { type: "path", path: `file://${path}` }, access });

/** Ways out of a sandbox that were thought of besides the recorded cases; each is closed. */
describe.each(usersHere)("$name", ({ uid }) => {
  let executor: ConfinedExecutor;
  beforeAll(async () => {
    executor = await ConfinedExecutor.start(uid);
  });
  afterAll(() => executor[Symbol.asyncDispose]());

  /** A workspace `w` and a folder `outside` beside it, which nobody may change. */
  let folder: string;
  let workspace: string;
  let outside: string;
  beforeEach(() => {
    folder = mkdtempSync("/var/tmp/proctor-escape-");
    [workspace, outside] = [join(folder, "w"), join(folder, "outside")];
    for (const directory of [workspace, outside]) mkdirSync(directory);
    for (const file of [join(workspace, "file"), join(outside, "file")]) writeFileSync(file, "untouched\n");
    if (uid === undefined) return;
    for (const name of ["", ...readdirSync(folder, { recursive: true }).map(String)])
      chownSync(join(folder, name), uid, uid);
  });
  afterEach(() => {
    const left = readdirSync(outside);
    const content = readFileSync(join(outside, "file"), "utf8");
    rmSync(folder, { recursive: true, force: true });
    expect([left, content]).toEqual([["file"], "untouched\n"]);
  });

  const sandbox = (entries: readonly object[], network = "restricted") => ({
    permissions: { type: "managed", file_system: { type: "restricted", entries }, network },
    windowsSandboxLevel: "disabled",
  });
  const usual = (...more: readonly object[]) =>
    sandbox([special("root", "read"), special("project_roots", "write"), ...more]);
  const order = (script: string, more: object = {}) => ({
    argv: ["/bin/sh", "-c", script],
    cwd: `file://${workspace}`,
    env: { PATH: "/usr/bin:/bin", OUTSIDE: outside, WORKSPACE: workspace, HOST: String(executor.pid) },
    sandbox: usual(),
    ...more,
  });
  async function run(script: string, more: object = {}): Promise<ConfinedRun> {
    const seen = await executor.run(order(script, more));
    if ("error" in seen) throw new Error(seen.error.message);
    return seen;
  }
  /** Runs a Python program with `sys` and `ctypes` at hand. */
  const python = (program: string, more: object = {}) =>
    run(`exec python3 -c "$PROGRAM"`, {
      ...more,
      env: {
        PATH: "/usr/bin:/bin",
        HOST: String(executor.pid),
        PROGRAM: `import ctypes, os, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n${program}`,
      },
    });

  test("hard links: none leads out of the workspace, nor to what is denied", async () => {
    verifies("05 SB-L7");
    const script = `
      ln $OUTSIDE/file linked && echo x > linked && echo ESCAPED
      ln /etc/passwd passwd && echo ESCAPED
      ln denied other && cat other && echo ESCAPED
      ln file $OUTSIDE/new && echo ESCAPED
      ls`;
    writeFileSync(join(workspace, "denied"), "secret\n");
    const { stdout } = await run(script, { sandbox: usual(at(join(workspace, "denied"), "deny")) });
    expect(stdout).toBe("denied\nfile\n");
  });

  test("what is denied has no other name: not by its directory's descriptor, nor by a second name of a directory above it", async () => {
    verifies("05 SB-L8");
    mkdirSync(join(workspace, "a/b"), { recursive: true });
    writeFileSync(join(workspace, "a/b/key"), "secret\n");
    const script = `
      exec 3< a/b; cat /proc/self/fd/3/key
      cd a/b && cat ../b/key; cat ./key; cd ../..
      mv a c; mv a/b c; mv a/b/key k; ln -s a s; cat s/b/key
      mv $WORKSPACE $WORKSPACE.old; cat $WORKSPACE.old/a/b/key
      tar -cf - a 2>/dev/null | grep -a secret; cp -r a copy; cat copy/b/key; grep -r secret . ; :`;
    const { stdout } = await run(script, { sandbox: usual(at(join(workspace, "a/b/key"), "deny")) });
    expect(stdout).toBe("");
  });

  test("/proc leads nowhere else: no root, cwd or descriptor of any process is outside", async () => {
    verifies("05 SB-L10", "05 SB-P11");
    const script = `
      for process in /proc/self /proc/thread-self /proc/[0-9]*; do
        echo x > $process/root$OUTSIDE/file && echo ESCAPED root
        echo x > $process/cwd/../outside/file && echo ESCAPED cwd
        for fd in $process/fd/*; do [ -d $fd/ ] && echo ESCAPED $fd; done
        ls $process/map_files >/dev/null && dd if=$process/mem of=/dev/null count=1 status=none && echo ESCAPED mem
      done 2>/dev/null
      [ -e /proc/$HOST/root ] && echo ESCAPED host; cat /proc/1/environ; :`;
    expect((await run(script)).stdout).toBe("");
  });

  test("the kernel's own switches cannot be turned, also by root", async () => {
    verifies("05 SB-U1", "05 SB-U2");
    const script = `
      for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches /proc/irq/default_smp_affinity /sys/kernel/uevent_helper; do
        [ -w $file ] && echo ESCAPED $file
      done
      for device in /dev/mem /dev/kmem /dev/kmsg /dev/vda /dev/sda /dev/loop-control /dev/fuse; do [ -e $device ] && echo ESCAPED $device; done
      find /sys -writable 2>/dev/null | grep . && echo ESCAPED sys
      mknod disk b 254 0 2>/dev/null && echo ESCAPED mknod; cat /proc/kcore >/dev/null 2>&1 && echo ESCAPED kcore; :`;
    expect((await run(script)).stdout).toBe("");
  });

  test("no mount can be undone, moved or covered with something else, nor in a namespace of its own", async () => {
    verifies("05 SB-U1", "05 SB-L2");
    mkdirSync(join(workspace, ".git"));
    const ways = `
      mount -o remount,rw,bind / && echo x > $OUTSIDE/file
      mount -o remount,rw / && echo x > $OUTSIDE/file
      umount -l $WORKSPACE/.git && touch .git/new && echo ESCAPED umount
      umount -l $WORKSPACE && echo x > ../outside/file
      mount -o remount,rw,bind $WORKSPACE/.git && touch .git/new && echo ESCAPED remount
      mkdir -p m && mount --bind / m && echo x > m$OUTSIDE/file
      mount --bind $OUTSIDE m && echo x > m/file
      mount --rbind / m && umount -l m$WORKSPACE/.git && touch m$WORKSPACE/.git/new && echo ESCAPED rbind
      mount --move $WORKSPACE/.git m && touch .git/new && echo ESCAPED move
      mount -t proc proc m && [ -d m/$HOST ] && echo ESCAPED proc
      mount -t sysfs sysfs m && find m -writable 2>/dev/null | grep -q . && echo ESCAPED sysfs`;
    const script = `exec 2>/dev/null\n(${ways})\nexport WAYS; unshare -Urm sh -c "$WAYS"; unshare -Urmpf sh -c "$WAYS"; nsenter -t 1 -m sh -c "$WAYS"; ls -A .git`;
    const seen = await run(script, { env: { ...order("").env, WAYS: ways } });
    expect(seen.stdout).toBe("");
  });

  test.each(["restricted", "enabled"])(
    "no process outside can be traced, read or signalled; network %s",
    async (network) => {
      verifies("05 SB-L2", "05 SB-S2");
      const bystander = spawn("sleep", ["600"], { ...(uid !== undefined && { uid, gid: uid }) });
      try {
        const program = `
for pid in (int(os.environ["HOST"]), ${bystander.pid}):
    for request in (16, 0x4206):
        if libc.ptrace(request, pid, 0, 0) == 0: print("ESCAPED ptrace", pid)
    try: os.kill(pid, 9); print("ESCAPED kill", pid)
    except (ProcessLookupError, PermissionError): pass
    try: open(f"/proc/{pid}/mem", "r+b"); print("ESCAPED mem", pid)
    except OSError: pass
try: os.kill(-1, 9)
except OSError: pass`;
        const seen = await python(program, { sandbox: sandbox([special("root", "read")], network) });
        expect(seen.stdout).toBe("");
        expect([bystander.exitCode, bystander.signalCode]).toEqual([null, null]);
        expect(() => process.kill(executor.pid, 0)).not.toThrow();
      } finally {
        bystander.kill("SIGKILL");
      }
    },
  );

  test.each(["restricted", "enabled"])(
    "nothing can be typed into a terminal for others; network %s",
    async (network) => {
      verifies("05 SB-S2", "05 SB-T2");
      const program = `
import fcntl
for request, argument in ((0x5412, b"x"), (0x541c, bytes([3]))):
    try: fcntl.ioctl(0, request, argument); print("ESCAPED", request)
    except OSError as error: print(error.errno)`;
      const seen = await python(program, { tty: true, sandbox: sandbox([special("root", "read")], network) });
      expect(seen.stdout).toBe("1\r\n1\r\n");
    },
  );

  test("files of another user stay closed, also to root, and none can be given away", async () => {
    verifies("05 SB-U3", "05 SB-U1");
    const theirs = join(folder, "theirs");
    writeFileSync(theirs, "secret\n", { mode: 0o600 });
    // Not the user who runs the program: somebody else, or root.
    if (uid === undefined && process.getuid?.() === 0) chownSync(theirs, 1, 1);
    const seen = await run("cat ../theirs 2>/dev/null; chown 2:2 file 2>/dev/null && echo ESCAPED; :");
    expect(seen.stdout).toBe(uid === undefined && process.getuid?.() !== 0 ? "secret\n" : "");
  });

  test("System V memory, message queues and abstract sockets are not shared with the host", async () => {
    verifies("05 SB-L2", "05 SB-S1");
    const seen = await run(
      "readlink /proc/self/ns/ipc /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/user; ls /dev/shm",
    );
    const inside = seen.stdout.trim().split("\n");
    expect(inside).toHaveLength(4);
    const here = await executor.run({
      ...order("readlink /proc/self/ns/ipc /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/user"),
      sandbox: null,
    });
    const ours = "stdout" in here ? here.stdout.trim().split("\n") : [];
    expect(inside.filter((namespace) => ours.includes(namespace))).toEqual([]);
  });

  test("a root that is deleted and made again leads nowhere new while a program runs in it", async () => {
    verifies("05 SB-L14");
    const { processId } = await executor.ask(
      order("echo ready; read go; echo x > file; echo x > $WORKSPACE/file; ls -A", { pipeStdin: true }),
    );
    await executor.printed(processId, "ready");
    renameSync(workspace, join(folder, "gone"));
    symlinkSync("outside", workspace);
    await executor.peer.request("process/write", {
      processId,
      writeId: "1",
      chunk: Buffer.from("go\n").toString("base64"),
    });
    await executor.end(processId);
    expect(readdirSync(join(folder, "gone"))).toEqual(["file"]);
  });

  test("a place that is swapped for a link again and again is never written through", async () => {
    verifies("05 SB-L14", "05 SB-L9");
    const nested = join(workspace, "nested");
    mkdirSync(nested);
    symlinkSync("../outside", join(workspace, "link"));
    if (uid !== undefined) chownSync(nested, uid, uid);
    const swap =
      "while :; do mv -T nested kept; mv -T link nested; mv -T nested link; mv -T kept nested; done 2>/dev/null";
    const swapper = await executor.ask(order(`echo ready; ${swap}`));
    await executor.printed(swapper.processId, "ready");
    const policy = sandbox([special("root", "read"), at(workspace, "write"), at(nested, "write")]);
    const script = `echo x > ${nested}/file; echo x > ${nested}/new`;
    const writers = Array.from({ length: 40 }, () => executor.run(order(script, { cwd: "file:///", sandbox: policy })));
    await Promise.all(writers);
    await executor.peer.request("process/terminate", { processId: swapper.processId });
    await executor.end(swapper.processId);
  });

  test("a file that is a second name of one outside is that file: what hard links share cannot be told apart", async () => {
    // Not an escape of the program, who cannot make such a link: the boundary as the documentation states it.
    const shared = join(folder, "shared");
    writeFileSync(shared, "before\n");
    linkSync(shared, join(workspace, "name"));
    if (uid !== undefined) chownSync(shared, uid, uid);
    await run("echo after > name");
    expect(readFileSync(shared, "utf8")).toBe("after\n");
  });

  test("a program on a terminal has it as its own, stops and goes on, and its shell knows its jobs", async () => {
    verifies("05 SB-T2", "05 SB-V7");
    const { processId } = await executor.ask({
      ...order(""),
      argv: ["/bin/bash", "--norc", "-i"],
      tty: true,
      env: { PATH: "/usr/bin:/bin", PS1: "$ ", TERM: "dumb" },
    });
    let writes = 0;
    const type = (text: string) =>
      executor.peer.request("process/write", {
        processId,
        writeId: String(++writes),
        chunk: Buffer.from(text).toString("base64"),
      });
    await executor.printed(processId, "$ ");
    await type("sh -c 'echo run''ning; exec sleep 600'\n");
    await executor.printed(processId, "running\r\n");
    await type("\u001a");
    await executor.printed(processId, "Stopped");
    await type("trap 'echo cau''ght' INT; jobs; kill %1; echo job$((1 + 1))\n");
    await executor.printed(processId, "job2");
    await type("\u0003");
    await executor.printed(processId, "caught");
    await type("exit 5\n");
    const { exitCode, stdout } = await executor.end(processId);
    expect(exitCode).toBe(5);
    expect(stdout).not.toContain("no job control");
  });

  test("where nothing can hand the terminal's signals on, the program runs in a session of its own", async () => {
    verifies("05 SB-T3");
    // A view without `env`.
    const entries = [special("minimal", "read"), special("project_roots", "read"), at("/usr/bin/env", "deny")];
    const seen = await run("echo here; (: < /dev/tty) 2>/dev/null || echo no terminal of its own", {
      tty: true,
      sandbox: sandbox(entries),
    });
    expect(seen).toMatchObject({ exitCode: 0, stdout: "here\r\nno terminal of its own\r\n" });
  });

  test("the name of a terminal inside is /dev/console", async () => {
    verifies("05 SB-T4");
    expect(await run("tty", { tty: true })).toMatchObject({ exitCode: 0, stdout: "/dev/console\r\n" });
  });
});
