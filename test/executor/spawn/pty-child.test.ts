import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";
import { BrokenStdinError } from "../../../src/ports/process-host.ts";
import { verifies } from "../../rules/verifies.ts";
import { eventually, RecordedChild, run } from "./recorded-child.ts";
import { waysToStart } from "./ways.ts";

const ways = waysToStart();
const withoutSetsid = posixProcessHost({ libc: null, terminalLauncher: null });
afterAll(() => withoutSetsid[Symbol.dispose]());

const pty = { stdin: "pty" } as const;

describe.each([...ways, ["the trampoline", withoutSetsid]] as const)("a child put on a terminal by %s", (_, host) => {
  it("leads a session with the terminal of 24 by 80 as controlling terminal, in the foreground", async () => {
    verifies("02 P-20");
    const child = await run(
      host,
      "stty size; tty; echo TERM=$TERM; cut -d' ' -f1,5,6,8 /proc/$$/stat; echo err >&2",
      pty,
    );
    const { pid } = child.child;
    expect(child.text("pty")).toMatch(
      new RegExp(`^24 80\r\n/dev/pts/\\d+\r\nTERM=\r\n${pid} ${pid} ${pid} ${pid}\r\nerr\r\n$`),
    );
  });

  it("has the kernel's default line discipline", async () => {
    verifies("02 P-20");
    const child = await run(host, "stty -a", pty);
    const settings = child.text("pty");
    for (const on of ["icanon", "echo", "isig", "icrnl", "opost", "onlcr"])
      expect(settings).toMatch(new RegExp(`[ \n]${on}\\b`));
    for (const off of ["iutf8", "ixany", "brkint"]) expect(settings).toContain(` -${off}`);
    expect(settings).toMatch(/intr = \^C;.*erase = \^\?;.*eof = \^D; eol = <undef>;/);
  });

  it("gets exactly the given environment and the login shell", async () => {
    verifies("02 P-20");
    const start = (env: Record<string, string>) => RecordedChild.start(host, { argv: ["/usr/bin/env"], env, ...pty });
    const bare = await start({ "A=B": "x", "": "e", NODE_OPTIONS: "--no-such-option" });
    const chosen = await start({ SHELL: "/bin/zzz" });
    await Promise.all([bare.untilClosed(), chosen.untilClosed()]);
    const lines = bare.text("pty").trim().split("\r\n").toSorted();
    expect(lines).toEqual(["=e", "A=B=x", "NODE_OPTIONS=--no-such-option", `SHELL=${userInfo().shell}`]);
    expect(chosen.text("pty")).toBe("SHELL=/bin/zzz\r\n");
  });

  it("starts with no signal blocked or ignored, and no descriptor but the terminal", async () => {
    const other = await RecordedChild.start(host, { argv: ["cat"], ...pty });
    const child = await run(host, "grep -E 'Sig(Blk|Ign)' /proc/self/status; ls -l /proc/self/fd", pty);
    expect(child.text("pty")).toMatch(/SigBlk:\t0+\r\nSigIgn:\t0+\r\n/);
    const targets = [...child.text("pty").matchAll(/ (\d+) -> (\S+)/g)].map(([, , target]) => target ?? "");
    expect(targets.filter((target) => target.startsWith("/dev/pts/"))).toHaveLength(3);
    const rest = targets.filter((target) => !target.startsWith("/dev/pts/"));
    expect(rest.filter((target) => target !== "/dev/null" && !target.endsWith("/fd"))).toEqual([]);
    other.child.signal("SIGKILL");
    await other.untilClosed();
  });

  it.each(["custom0", "-sh", ""])("sees %j as its argv[0] when asked for", async (arg0) => {
    verifies("02 S-7");
    const child = await run(host, "tr '\\0' '|' </proc/$$/cmdline", { ...pty, arg0 });
    expect(child.text("pty")).toMatch(new RegExp(`^${arg0}\\|-c\\|`));
  });

  it("starts in the given directory", async () => {
    expect((await run(host, "pwd", { ...pty, cwd: "/usr" })).text("pty")).toBe("/usr\r\n");
  });

  it.each([
    ["exit 3", 3],
    ["exit 255", 255],
    ["kill -HUP $$", 129],
    ["kill -INT $$", 130],
    ["kill -KILL $$", 137],
    ["kill -SEGV $$", 139],
    ["kill -TERM $$", 143],
  ])("reports %j as %i", async (script, exitCode) => {
    verifies("02 S-3");
    expect((await run(host, script, pty)).exitCode).toBe(exitCode);
  });
});

describe.each(ways)("a terminal, started by %s", (_, host) => {
  it("carries what is typed, echoed, and ends at ^D", async () => {
    const child = await RecordedChild.start(host, { argv: ["cat"], ...pty });
    await child.child.write(Buffer.from("hello\n"));
    await child.until(() => child.text("pty") === "hello\r\nhello\r\n");
    await child.child.write(Buffer.from("\x04"));
    await child.untilClosed();
    expect(child.exitCode).toBe(0);
    expect(child.isStdinClosed).toBe(true);
    await expect(child.child.write(Buffer.from("x"))).rejects.toThrow(BrokenStdinError);
  });

  it("is not hung up when the child closes its descriptors before it exits", async () => {
    const child = await run(host, "exec <&- >&- 2>&-; for i in 1 2 3 4 5; do sleep 0.01; done; exit 8", pty);
    expect(child.exitCode).toBe(8);
    expect(child.events.at(0)).toBe("exited 8");
  });

  it("turns ^C into an interrupt", async () => {
    verifies("02 P-51");
    const child = await RecordedChild.start(host, {
      argv: ["sh", "-c", "trap 'echo INT; exit 9' INT; echo ready; while :; do sleep 0.05; done"],
      ...pty,
    });
    await child.untilSaid("pty", "ready");
    await child.child.write(Buffer.from("\x03"));
    await child.untilClosed();
    expect(child.text("pty")).toContain("^CINT");
    expect(child.exitCode).toBe(9);
  });

  it("interrupts the foreground job of an interactive shell, not the shell", async () => {
    verifies("02 S-6");
    const child = await RecordedChild.start(host, {
      argv: ["bash", "--norc", "-i"],
      env: { PATH: "/usr/bin:/bin", PS1: "> " },
      ...pty,
    });
    await child.untilSaid("pty", "> ");
    await child.child.write(Buffer.from("sh -c 'echo job \"up\"; exec sleep 100'\n"));
    await child.untilSaid("pty", "job up");
    child.child.signal("SIGINT");
    await child.child.write(Buffer.from("echo after $?; exit 4\n"));
    await child.untilClosed();
    expect(child.text("pty")).toContain("after 130");
    expect(child.exitCode).toBe(4);
  });

  it("hands on bulk output whole", async () => {
    const child = await run(host, "head -c 5000000 /dev/zero; echo end", pty);
    expect(child.bytes("pty").length).toBe(5_000_005);
  });

  it("brings what was written before the exit before the exit", async () => {
    verifies("02 S-9");
    for (let round = 0; round < 50; round++) {
      const child = await RecordedChild.start(host, {
        argv: ["sh", "-c", "stty -onlcr; head -c 3000 /dev/zero; exit 6"],
        ...pty,
      });
      await child.untilExited();
      expect(child.bytes("pty").length).toBe(3_000);
      await child.untilClosed();
    }
  });

  it("loses nothing when the child exits while the output is paused", async () => {
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "head -c 2000 /dev/zero; exit 4"], ...pty });
    child.child.pauseOutput();
    await child.untilExited();
    child.child.resumeOutput();
    await child.untilClosed();
    expect(child.bytes("pty").length).toBe(2_000);
  });

  it.each([
    ["ignores SIGHUP", "trap '' HUP; LATE & READY; exit 5"],
    ["has a session of its own", "setsid sh -c 'LATE' & READY; exit 5"],
  ])("stays open for a survivor that %s", async (_, script) => {
    verifies("02 P-27");
    const gate = mkdtempSync("/tmp/gate-");
    const late = `(echo ready >${gate}/ready; while [ ! -e ${gate}/open ]; do sleep 0.01; done; echo late)`;
    const ready = `while [ ! -e ${gate}/ready ]; do sleep 0.01; done`;
    const child = await RecordedChild.start(host, {
      argv: ["sh", "-c", script.replace("LATE", late).replace("READY", ready)],
      ...pty,
    });
    await child.untilExited();
    expect(child.isClosed).toBe(false);
    writeFileSync(`${gate}/open`, "");
    await child.untilClosed();
    rmSync(gate, { recursive: true });
    expect(child.text("pty")).toBe("late\r\n");
    expect(child.events.indexOf("exited 5")).toBeLessThan(child.events.indexOf("output pty"));
  });

  it("closes with the exit when the background job dies of the hangup", async () => {
    const child = await run(host, "sleep 100 & exit 5", pty);
    expect(child.exitCode).toBe(5);
  });

  it("is hung up by a release", async () => {
    const child = await RecordedChild.start(host, { argv: ["cat"], ...pty });
    await child.child.write(Buffer.from("up\n"));
    await child.until(() => child.text("pty") === "up\r\nup\r\n");
    child.child.pauseOutput();
    const pending = child.child.write(Buffer.alloc(1_000_000, "line\n")).catch((error: unknown) => error);
    child.child.release();
    await child.untilClosed();
    expect(await pending).toBeInstanceOf(BrokenStdinError);
    expect(child.exitCode).toBe(129);
  });
});

describe.each(ways)("typing into terminals whose programs do not read, started by %s", (_, host) => {
  it("blocks nothing else, and arrives whole once they do", async () => {
    verifies("02 S-1");
    const gate = mkdtempSync("/tmp/gate-");
    const script = `stty raw -echo; echo ready; while [ ! -e ${gate}/open ]; do sleep 0.01; done; head -c 300000 | sha1sum`;
    const typed = Buffer.from("0123456789".repeat(30_000));
    const readers = await Promise.all(
      Array.from({ length: 8 }, () => RecordedChild.start(host, { argv: ["sh", "-c", script], ...pty })),
    );
    let settled = 0;
    const writes = readers.map(async (reader) => {
      await reader.untilSaid("pty", "ready");
      // Small ones and a large one: the order is kept across attempts.
      await Promise.all([
        reader.child.write(typed.subarray(0, 16_000)),
        reader.child.write(typed.subarray(16_000, 16_001)),
        reader.child.write(typed.subarray(16_001)),
      ]);
      settled += 1;
    });
    await Promise.all(readers.map((reader) => reader.untilSaid("pty", "ready")));
    // Other terminals, other pipes and the event loop go on.
    expect((await run(host, "echo alive", pty)).text("pty")).toBe("alive\r\n");
    expect((await run(host, "echo alive")).text("stdout")).toBe("alive\n");
    expect(settled).toBe(0);
    writeFileSync(`${gate}/open`, "");
    await Promise.all(writes);
    await Promise.all(readers.map((reader) => reader.untilClosed()));
    rmSync(gate, { recursive: true });
    for (const reader of readers) expect(reader.text("pty")).toContain("9afeaec41e4fbee65095e5b2a72d760a2cad89e8");
  });

  it("is rejected when they die", async () => {
    const child = await RecordedChild.start(host, {
      argv: ["sh", "-c", "stty raw -echo; echo ready; exec sleep 100"],
      ...pty,
    });
    await child.untilSaid("pty", "ready");
    const pending = child.child.write(Buffer.alloc(1_000_000)).catch((error: unknown) => error);
    await eventually(() => true);
    child.child.signal("SIGKILL");
    expect(await pending).toMatchObject({ code: "brokenStdin", effect: "unknown" });
    await child.untilClosed();
    expect(child.exitCode).toBe(137);
  });
});
