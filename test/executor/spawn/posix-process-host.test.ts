import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { DescriptorShield } from "../../../src/executor/spawn/descriptor-shield.ts";
import { loadLibc } from "../../../src/executor/spawn/libc.ts";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";
import { SpawnError } from "../../../src/ports/process-host.ts";
import { eventually, openDescriptors, RecordedChild, run } from "./recorded-child.ts";

const noUsage = "no access to the C library: nobody can tell what a process used, and daemons survive their session";
let folder: string | null = null;
afterEach(() => {
  if (folder !== null) rmSync(folder, { recursive: true });
  folder = null;
});

describe("the host", () => {
  it.each([
    ["the C library", loadLibc(), []],
    ["Node", null, [noUsage]],
  ])("leaves no descriptor, process or file behind, with %s", async (_, libc, limitations) => {
    folder = mkdtempSync("/tmp/pipes-");
    const before = openDescriptors();
    const host = posixProcessHost({ libc, pipeDirectories: [folder] });
    for (let round = 0; round < 40; round++) {
      for (const stdin of ["none", "pipe", "pty"] as const) {
        await run(host, "echo out; echo err >&2", { stdin });
      }
      await expect(RecordedChild.start(host, { argv: ["echo", "x".repeat(300_000)] })).rejects.toThrow(SpawnError);
      await expect(RecordedChild.start(host, { argv: ["echo", "x".repeat(300_000)], stdin: "pty" })).rejects.toThrow(
        SpawnError,
      );
    }
    expect(host.limitations).toEqual(limitations);
    host[Symbol.dispose]();
    await eventually(() => openDescriptors() === before && readdirSync(folder ?? "").length === 0);
  });

  it("starts many at once", async () => {
    const host = posixProcessHost();
    const children = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        run(host, `echo ${index}`, { stdin: index % 3 === 0 ? "pty" : "pipe" }),
      ),
    );
    children.forEach((child, index) => {
      expect(child.text(index % 3 === 0 ? "pty" : "stdout").trim()).toBe(String(index));
    });
    host[Symbol.dispose]();
  });

  it("does with sockets where there is no place for pipes, and says so", async () => {
    const before = openDescriptors();
    const host = posixProcessHost({ libc: null, pipeDirectories: ["/no/such/folder"] });
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "cat; echo err >&2; exit 3"], stdin: "pipe" });
    await child.child.write(Buffer.from("typed"));
    await child.untilSaid("stdout", "typed");
    child.child.signal("SIGKILL");
    await child.untilClosed();
    child.child.release();
    expect(child.exitCode).toBe(137);
    expect(host.limitations).toEqual([noUsage, "no real pipes, sockets instead (/no/such/folder: ENOENT)"]);
    host[Symbol.dispose]();
    await eventually(() => openDescriptors() === before);
  });
});

describe("the shield", () => {
  it("keeps terminals of others out of every child", async () => {
    const host = posixProcessHost();
    const others = await Promise.all([1, 2, 3].map(() => RecordedChild.start(host, { argv: ["cat"], stdin: "pty" })));
    for (const stdin of ["none", "pty"] as const) {
      const child = await run(host, "ls -l /proc/self/fd", { stdin });
      expect(child.text(stdin === "pty" ? "pty" : "stdout")).not.toContain("ptmx");
    }
    for (const other of others) other.child.signal("SIGKILL");
    await Promise.all(others.map((other) => other.untilClosed()));
    host[Symbol.dispose]();
  });

  it("keeps out what this program inherited", async () => {
    const script = `
      import { DescriptorShield } from ${JSON.stringify(import.meta.resolve("../../../src/executor/spawn/descriptor-shield.ts"))};
      console.log(typeof new DescriptorShield("linux").cover(["ignore", "ignore", "ignore"])[100]);
    `;
    const stdio: (number | "ignore" | "pipe" | "inherit")[] = ["ignore", "pipe", "inherit"];
    while (stdio.length < 100) stdio.push("ignore");
    const zero = openSync("/dev/zero", "r");
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: [...stdio, zero] });
    closeSync(zero);
    expect((await text(child.stdout as Readable)).trim()).toBe("number");
  });

  it("puts nothing over what the child is given, and /dev/null over what is hidden", () => {
    const shield = new DescriptorShield("linux");
    const fd = openSync("/dev/zero", "r");
    shield.hide(1);
    shield.hide(fd);
    const covered = shield.cover(["ignore", 7, 8]);
    expect(covered.slice(0, 3)).toEqual(["ignore", 7, 8]);
    expect(covered[fd]).toBeTypeOf("number");
    expect(covered[fd]).not.toBe(fd);
    shield.forget(fd);
    expect(shield.cover(["ignore", 7, 8])[fd] ?? "ignore").toBe("ignore");
    closeSync(fd);
    shield[Symbol.dispose]();
  });
});
