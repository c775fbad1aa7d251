import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { childrenOf } from "../../../src/executor/spawn/process-table.ts";
import { BrokenStdinError } from "../../../src/ports/process-host.ts";
import { verifies } from "../../rules/verifies.ts";
import { eventually, groupIsEmpty, RecordedChild, run } from "./recorded-child.ts";
import { waysToStart } from "./ways.ts";

const ways = waysToStart();

describe.each(ways)("a child on pipes, started by %s", (_, host) => {
  it("leads its own session and group, without a terminal", async () => {
    verifies("02 P-9");
    const child = await run(host, "cut -d' ' -f1,5,6,7 /proc/$$/stat");
    const { pid } = child.child;
    expect(child.text("stdout")).toBe(`${pid} ${pid} ${pid} 0\n`);
  });

  it("gets the descriptors 0, 1 and 2 only, and they are real pipes", async () => {
    verifies("02 P-9");
    const child = await RecordedChild.start(host, { argv: ["ls", "-l", "/proc/self/fd"], stdin: "pipe" });
    await child.untilClosed();
    child.child.release();
    const open = [...child.text("stdout").matchAll(/ (\d+) -> (\S+)/g)].map(([, fd, target]) => `${fd} ${target}`);
    const ours = open.filter((line) => !line.endsWith("/fd") && !line.endsWith("/dev/null"));
    expect(ours.map((line) => line.split(" ")[0])).toEqual(["0", "1", "2"]);
    expect(child.text("stdout")).not.toContain("socket:");
  });

  it("starts with no signal blocked or ignored", async () => {
    verifies("02 P-9");
    const child = await RecordedChild.start(host, { argv: ["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"] });
    await child.untilClosed();
    expect(child.text("stdout")).toMatch(/^SigBlk:\t0+\nSigIgn:\t0+\n$/);
  });

  it("can open its own descriptors again", async () => {
    const child = await RecordedChild.start(host, {
      argv: [
        "sh",
        "-c",
        "echo out >/dev/stdout; echo err >/dev/stderr; echo both | tee /dev/stderr; head -n1 /dev/stdin",
      ],
      stdin: "pipe",
    });
    await child.child.write(Buffer.from("typed\n"));
    await child.untilClosed();
    child.child.release();
    expect(child.text("stdout")).toBe("out\nboth\ntyped\n");
    expect(child.text("stderr")).toBe("err\nboth\n");
  });

  it("gets exactly the given environment", async () => {
    verifies("02 P-16");
    const env = { "A=B": "x", "": "empty", Ä: "ö" };
    const child = await RecordedChild.start(host, { argv: ["/usr/bin/env"], env });
    await child.untilClosed();
    expect(child.text("stdout").trim().split("\n").toSorted()).toEqual(["=empty", "A=B=x", "Ä=ö"]);
  });

  it.each(["custom0", "-sh", ""])("sees %j as its argv[0] when asked for", async (arg0) => {
    verifies("02 P-13");
    const child = await run(host, "tr '\\0' '|' </proc/$$/cmdline", { arg0 });
    expect(child.text("stdout")).toMatch(new RegExp(`^${arg0}\\|-c\\|`));
  });

  it("reads an empty stdin unless one is asked for", async () => {
    verifies("02 P-14");
    const child = await run(host, "cat; echo end");
    expect(child.text("stdout")).toBe("end\n");
    await expect(child.child.write(Buffer.from("x"))).rejects.toThrow(BrokenStdinError);
    expect(child.events).not.toContain("stdinClosed");
  });

  it("keeps bytes and streams apart", async () => {
    verifies("02 P-24", "02 P-25");
    const child = await run(
      host,
      "printf '\\377\\376\\000\\001\\303'; sleep 0.01; printf '\\244'; echo oops >&2; exit 7",
    );
    expect([...child.bytes("stdout")]).toEqual([0xff, 0xfe, 0, 1, 0xc3, 0xa4]);
    expect(child.text("stderr")).toBe("oops\n");
    expect(child.exitCode).toBe(7);
  });

  it("hands on bulk output whole, in chunks of at most 64 KiB", async () => {
    const child = await run(host, "head -c 30000000 /dev/zero; echo end");
    expect(child.bytes("stdout").length).toBe(30_000_004);
    expect(Math.max(...child.chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(65_536);
    expect(Math.min(...child.chunks.map((chunk) => chunk.length))).toBeGreaterThan(0);
  });

  it.each([
    ["exit 0", 0],
    ["exit 255", 255],
    ["kill -HUP $$", 129],
    ["kill -INT $$", 130],
    ["kill -KILL $$", 137],
    ["kill -SEGV $$", 139],
    ["kill -TERM $$", 143],
    ["kill -SYS $$", 159],
  ])("reports %j as %i", async (script, exitCode) => {
    verifies("02 P-30");
    expect((await run(host, script)).exitCode).toBe(exitCode);
  });
});

describe.each(ways)("the exit, started by %s", (_, host) => {
  it("comes after the output that was there, once", async () => {
    verifies("02 S-9");
    for (let round = 0; round < 100; round++) {
      const child = await RecordedChild.start(host, { argv: ["head", "-c", "20000", "/dev/zero"] });
      await child.untilExited();
      expect(child.bytes("stdout").length).toBe(20_000);
      await child.untilClosed();
      expect(child.events.filter((event) => event.startsWith("exited"))).toHaveLength(1);
    }
  });

  it("is not held back by a grandchild that keeps the pipes, whose output follows", async () => {
    verifies("02 P-27", "02 S-9");
    const gate = mkdtempSync("/tmp/gate-");
    const script = `(while [ ! -e ${gate}/open ]; do sleep 0.01; done; echo late) & exit 5`;
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", script] });
    await child.untilExited();
    expect(child.events).toEqual(["exited 5"]);
    writeFileSync(`${gate}/open`, "");
    await child.untilClosed();
    rmSync(gate, { recursive: true });
    expect(child.text("stdout")).toBe("late\n");
    expect(child.events.slice(0, 2)).toEqual(["exited 5", "output stdout"]);
  });

  it("is not held back by a grandchild that writes without end", async () => {
    verifies("02 P-27", "02 S-9");
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "yes & exit 3"] });
    await child.untilExited();
    expect(child.exitCode).toBe(3);
    child.child.signal("SIGKILL");
    await child.untilClosed();
  });

  it("while paused loses nothing", async () => {
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "head -c 50000 /dev/zero; exit 4"] });
    child.child.pauseOutput();
    await child.untilExited();
    child.child.resumeOutput();
    await child.untilClosed();
    expect(child.bytes("stdout").length).toBe(50_000);
    expect(child.exitCode).toBe(4);
  });
});

describe.each(ways)("backpressure, started by %s", (_, host) => {
  it("makes the child block, and lets it go on", async () => {
    verifies("01 W-45");
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "head -c 1000000 /dev/zero; echo done >&2"] });
    child.child.pauseOutput();
    await eventually(() => writerIsBlocked(child.child.pid));
    expect(child.bytes("stdout").length).toBeLessThanOrEqual(131_072);
    expect(child.exitCode).toBeNull();
    child.child.resumeOutput();
    await child.untilClosed();
    expect(child.bytes("stdout").length).toBe(1_000_000);
  });
});

describe.each(ways)("stdin, started by %s", (_, host) => {
  it("takes writes in order, each once the kernel has it", async () => {
    verifies("02 P-48");
    const child = await RecordedChild.start(host, { argv: ["cat"], stdin: "pipe" });
    const parts = Array.from({ length: 50 }, (_, index) => Buffer.alloc(3_000, index));
    await Promise.all(parts.map((part) => child.child.write(part)));
    await child.until(() => child.bytes("stdout").length === 150_000);
    expect(child.bytes("stdout").equals(Buffer.concat(parts))).toBe(true);
    child.child.signal("SIGKILL");
    await child.untilClosed();
    child.child.release();
  });

  it("hands on what is in the pipe when it is let go, if it is told to take that first (02 S-13)", async () => {
    verifies("02 S-13");
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "echo unread; exec sleep 100"] });
    // Nothing is read meanwhile: the event loop stands still.
    while (readFileSync(`/proc/${child.child.pid}/comm`, "utf8") !== "sleep\n");
    child.child.release("take");
    await child.until(() => child.events.includes("ended stdout"));
    expect(child.text("stdout")).toBe("unread\n");
    child.child.signal("SIGKILL");
    await child.untilClosed();
  });

  it("leaves a write pending while the child does not read, and rejects it when the child dies", async () => {
    const child = await RecordedChild.start(host, { argv: ["sleep", "100"], stdin: "pipe" });
    await child.child.write(Buffer.alloc(65_536));
    let settled = false;
    const pending = child.child.write(Buffer.alloc(65_536)).finally(() => {
      settled = true;
    });
    pending.catch(() => undefined);
    const probe = await run(host, "true"); // a whole other life passes meanwhile
    expect(probe.exitCode).toBe(0);
    expect(settled).toBe(false);
    child.child.signal("SIGKILL");
    await expect(pending).rejects.toThrow(BrokenStdinError);
    await child.untilClosed();
    await child.until(() => child.isStdinClosed);
    await expect(child.child.write(Buffer.from("x"))).rejects.toMatchObject({
      code: "brokenStdin",
      effect: "notApplied",
    });
  });

  it("is known to be closed once a write failed, and rejects from then on", async () => {
    const child = await RecordedChild.start(host, {
      argv: ["sh", "-c", "exec <&-; echo closed; exec sleep 100"],
      stdin: "pipe",
    });
    await child.untilSaid("stdout", "closed");
    await expect(child.child.write(Buffer.from("x"))).rejects.toThrow(BrokenStdinError);
    await child.until(() => child.isStdinClosed);
    expect(child.exitCode).toBeNull();
    child.child.signal("SIGKILL");
    await child.untilClosed();
    expect(child.events.filter((event) => event === "stdinClosed")).toHaveLength(1);
  });

  it("is known to be closed when the only reader exits", async () => {
    const child = await RecordedChild.start(host, { argv: ["true"], stdin: "pipe" });
    await child.until(() => child.isStdinClosed && child.isClosed);
  });

  it("stays open after the exit while a grandchild reads it", async () => {
    const script = "exec 3<&0; (head -n1 <&3; echo bye) & exit 0";
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", script], stdin: "pipe" });
    await child.untilExited();
    await child.child.write(Buffer.from("still here\n"));
    await child.untilClosed();
    expect(child.text("stdout")).toBe("still here\nbye\n");
    child.child.release();
    await child.until(() => child.isStdinClosed);
  });
});

describe.each(ways)("release, started by %s", (_, host) => {
  it("ends the streams though a grandchild holds them, kills nobody, and may be repeated", async () => {
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "sleep 100 & exit 0"], stdin: "pipe" });
    await child.untilExited();
    expect(child.isClosed).toBe(false);
    child.child.release();
    child.child.release();
    await child.untilClosed();
    expect(groupIsEmpty(child.child.pid)).toBe(false);
    child.child.signal("SIGKILL");
    await eventually(() => groupIsEmpty(child.child.pid));
    expect(child.events.filter((event) => event.startsWith("ended")).toSorted()).toEqual([
      "ended stderr",
      "ended stdout",
    ]);
  });
});

/** Does a child of this process wait until a pipe has room again? The kernel names where a process sleeps. */
function writerIsBlocked(parent: number): boolean {
  return childrenOf(parent).some((pid) => readFileSync(`/proc/${pid}/wchan`, "latin1").includes("pipe_write"));
}
