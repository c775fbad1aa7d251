import { existsSync, readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serve } from "../../src/index.ts";
import { proctor } from "./command.ts";

/** Not below `/tmp`, which a workspace sandbox opens. */
const scratchFolder = () => mkdtempDisposable("/var/tmp/proctor-run-");

test.each(["here", "on an executor"])("a command in its workspace writes there and nowhere else, %s", async (place) => {
  await using server = await serve();
  await using folder = await scratchFolder();
  await using other = await scratchFolder();
  const where = place === "here" ? [] : ["--url", server.url];
  const command = ["sh", "-c", `echo in > file; echo out > ${other.path}/file`];
  const result = await proctor(["run", ...where, "--cwd", folder.path, "--sandbox", "workspace-write", ...command]);
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toMatch(
    /Read-only file system\nproctor: the sandbox seems to have kept the command from something\n$/,
  );
  expect(readFileSync(join(folder.path, "file"), "utf8")).toBe("in\n");
  expect(existsSync(join(other.path, "file"))).toBe(false);
});

test("a read-only command changes nothing", async () => {
  await using folder = await scratchFolder();
  const result = await proctor(["run", "--cwd", folder.path, "--sandbox", "read-only", "sh", "-c", "ls; touch file"]);
  expect(result).toMatchObject({ exitCode: 1, stdout: "" });
  expect(existsSync(join(folder.path, "file"))).toBe(false);
});

test("without bubblewrap the command is not run, and the reason says what to install", async () => {
  await using folder = await scratchFolder();
  const result = await proctor(
    ["run", "--cwd", folder.path, "--sandbox", "read-only", "/usr/bin/touch", "/var/tmp/never"],
    {
      env: { PATH: folder.path },
    },
  );
  expect(result).toMatchObject({ exitCode: 125, stdout: "" });
  expect(result.stderr).toContain("install bubblewrap 0.8.0 or later");
  expect(existsSync("/var/tmp/never")).toBe(false);
});

test("a sandbox that is not known, or would open everything, is refused", async () => {
  const unknown = await proctor(["run", "--sandbox", "full", "true"]);
  expect(unknown.stderr).toContain("--sandbox takes read-only or workspace-write, not `full`");
  await using server = await serve();
  const everything = await proctor(["run", "--url", server.url, "--sandbox", "workspace-write", "true"]);
  expect(everything).toMatchObject({ exitCode: 125 });
  expect(everything.stderr).toContain("the workspace would be the whole file system");
});
