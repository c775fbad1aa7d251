import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ForbiddenPaths } from "../../../src/executor/sandbox/forbidden-paths.ts";
import { verifies } from "../../rules/verifies.ts";

let folder: string;
let workspace: string;
beforeEach(() => {
  folder = mkdtempSync("/var/tmp/proctor-forbidden-");
  workspace = join(folder, "w");
  mkdirSync(workspace);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("what is made where nothing may be is removed at once, whatever is in it, and told", async () => {
  verifies("05 SB-M5");
  const { promise: blocked, resolve } = Promise.withResolvers<string>();
  const forbidden = new ForbiddenPaths([join(workspace, ".git")], resolve);
  mkdirSync(join(workspace, ".git"));
  expect(await blocked).toBe(join(workspace, ".git"));
  forbidden.close();
  expect(readdirSync(workspace)).toEqual([]);
});

test("what a program has closed, nested or filled with links goes too, and no link is followed", () => {
  verifies("05 SB-M5");
  const other = join(folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, "file"), "");
  const told: string[] = [];
  const forbidden = new ForbiddenPaths([join(workspace, ".git")], (path) => told.push(path));
  const git = join(workspace, ".git");
  mkdirSync(join(git, "a/b"), { recursive: true });
  symlinkSync("../../other", join(git, "link"));
  symlinkSync("../../../../other", join(git, "a/b/link"));
  chmodSync(join(git, "a"), 0);
  forbidden.close();
  expect([readdirSync(workspace), readdirSync(other)]).toEqual([[], ["file"]]);
  expect(told).toEqual([git]);
});

test("when the workspace is swapped for a link, the repository that it leads to is not touched", () => {
  verifies("05 SB-M5");
  const other = join(folder, "other");
  mkdirSync(join(other, ".git/objects"), { recursive: true });
  const forbidden = new ForbiddenPaths([join(workspace, ".git")], () => undefined);
  mkdirSync(join(workspace, ".git"));
  renameSync(workspace, join(folder, "moved"));
  symlinkSync("other", workspace);
  forbidden.close();
  expect(existsSync(join(other, ".git/objects"))).toBe(true);
  expect(readdirSync(join(folder, "moved"))).toEqual([]);
});
