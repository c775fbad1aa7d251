import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { DescriptorShield } from "../../../src/executor/spawn/descriptor-shield.ts";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";
import { SpawnError } from "../../../src/ports/process-host.ts";
import { eventually, openDescriptors, RecordedChild, run } from "./recorded-child.ts";

let folder: string | null = null;
afterEach(() => {
  if (folder !== null) rmSync(folder, { recursive: true });
  folder = null;
});

describe("the host", () => {
  it("leaves no descriptor, process or file behind", async () => {
    folder = mkdtempSync("/tmp/pipes-");
    const before = openDescriptors();
    const host = posixProcessHost({ pipeDirectories: [folder] });
    for (let round = 0; round < 40; round++) {
      for (const stdin of ["none", "pipe", "pty"] as const) {
        await run(host, "echo out; echo err >&2", { stdin });
      }
      await expect(RecordedChild.start(host, { argv: ["echo", "x".repeat(300_000)] })).rejects.toThrow(SpawnError);
      await expect(RecordedChild.start(host, { argv: ["echo", "x".repeat(300_000)], stdin: "pty" })).rejects.toThrow(
        SpawnError,
      );
    }
    expect(host.limitations).toEqual([]);
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
    const host = posixProcessHost({ pipeDirectories: ["/no/such/folder"] });
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "cat; echo err >&2; exit 3"], stdin: "pipe" });
    await child.child.write(Buffer.from("typed"));
    await child.untilSaid("stdout", "typed");
    child.child.signal("SIGKILL");
    await child.untilClosed();
    child.child.release();
    expect(child.exitCode).toBe(137);
    expect(host.limitations).toEqual(["no real pipes, sockets instead (/no/such/folder: ENOENT)"]);
    host[Symbol.dispose]();
    await eventually(() => openDescriptors() === before);
  });
});

describe("the shield", () => {
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
