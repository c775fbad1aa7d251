import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { proctor } from "./command.ts";

const essential = ["node", "pipes", "terminal", "process groups", "loopback", "temporary folder"];

function verdicts(stdout: string): Map<string, string> {
  const lines = stdout.matchAll(/^(?<verdict>ok|problem|note) +(?<name>\S+(?: \S+)?) {2,}\S/gm);
  return new Map([...lines].map(({ groups }) => [groups?.name ?? "", groups?.verdict ?? ""]));
}

test("on a machine that can run these tests everything essential is well", async () => {
  const { stdout, stderr, exitCode } = await proctor(["doctor"]);
  const seen = verdicts(stdout);
  expect([...seen.keys()].sort()).toEqual([...essential, "login shell", "environments", "bubblewrap"].sort());
  for (const name of essential) expect([name, seen.get(name)]).toEqual([name, "ok"]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
});

test("an essential thing that does not work is told with its remedy and exit code 1", async () => {
  const { stdout, exitCode } = await proctor(["doctor"], { env: { TMPDIR: "/no/such/folder" } });
  expect(verdicts(stdout).get("temporary folder")).toBe("problem");
  expect(stdout).toMatch(/^problem +temporary folder +ENOENT.*\n +make it writable, or set TMPDIR/m);
  expect(exitCode).toBe(1);
});

test("a thing that is not essential is only noted", async () => {
  const folder = await mkdtemp(join(tmpdir(), "proctor-path-"));
  for (const name of ["sleep", "tty"]) await symlink((await execa("which", [name])).stdout, join(folder, name));
  const { stdout, exitCode } = await proctor(["doctor"], { env: { PATH: folder } });
  await rm(folder, { recursive: true });
  expect(verdicts(stdout).get("bubblewrap")).toBe("note");
  expect(exitCode).toBe(0);
});

test("a bubblewrap that is too old is noted with what to install", async () => {
  const folder = await mkdtemp(join(tmpdir(), "proctor-path-"));
  for (const name of ["sleep", "tty"]) await symlink((await execa("which", [name])).stdout, join(folder, name));
  await writeFile(join(folder, "bwrap"), "#!/bin/sh\necho bubblewrap 0.4.1\n", { mode: 0o755 });
  const { stdout, exitCode } = await proctor(["doctor"], { env: { PATH: folder } });
  await rm(folder, { recursive: true });
  expect(stdout).toMatch(
    /^note +bubblewrap .*is too old: bubblewrap 0\.4\.1 does not know --perms.*\n +without it.*install bubblewrap 0\.8\.0 or later/m,
  );
  expect(exitCode).toBe(0);
});
