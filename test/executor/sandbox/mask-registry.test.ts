import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MaskRegistry } from "../../../src/executor/sandbox/mask-registry.ts";
import type { HostMask } from "../../../src/executor/sandbox/mount-plan.ts";
import { verifies } from "../../rules/verifies.ts";

let folder: string;
let state: string;
let mask: HostMask;
beforeEach(() => {
  folder = mkdtempSync("/var/tmp/proctor-masks-");
  state = join(folder, "state");
  mask = { path: join(folder, ".git"), kind: "directory" };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Counts the mask as a plan would, and tells whether it was one already. */
function counted(registry: MaskRegistry): boolean {
  return registry.count((isMask) => ({ masks: [mask], wasMask: isMask(mask.path) })).wasMask;
}

test("a mask goes with the last of those who need it, in whichever executor", () => {
  verifies("05 SB-L13");
  const [one, other] = [new MaskRegistry(state), new MaskRegistry(state)];
  expect([counted(one), counted(one), counted(other)]).toEqual([false, true, true]);
  mkdirSync(mask.path);
  one.release([mask]);
  one.release([mask]);
  expect(existsSync(mask.path)).toBe(true);
  other.release([mask]);
  expect(existsSync(mask.path)).toBe(false);
  expect(readdirSync(state)).toEqual([]);
});

test("what somebody has put to use is not removed", () => {
  verifies("05 SB-L13");
  const registry = new MaskRegistry(state);
  counted(registry);
  mkdirSync(mask.path);
  writeFileSync(join(mask.path, "HEAD"), "");
  registry.release([mask]);
  expect(existsSync(join(mask.path, "HEAD"))).toBe(true);
});

test("what an executor that was killed has left is removed by the next", () => {
  verifies("05 SB-L13", "05 SB-V3");
  mkdirSync(state);
  mkdirSync(mask.path);
  // Of a process that had the number of this one before: it started at another time.
  note(statSync(folder));
  new MaskRegistry(state).recover();
  expect(existsSync(mask.path)).toBe(false);
  expect(readdirSync(state)).toEqual([]);
});

/** Notes the mask as an executor of an earlier process with our number would have. */
function note({ dev, ino }: { readonly dev: number; readonly ino: number }): void {
  writeFileSync(join(state, `${process.pid}-1-0.json`), JSON.stringify([{ ...mask, directories: [`${dev}:${ino}`] }]));
}

test("in another directory that has taken the place nothing is removed", () => {
  verifies("05 SB-L13");
  mkdirSync(state);
  mkdirSync(mask.path);
  note({ dev: 0, ino: 0 });
  new MaskRegistry(state).recover();
  expect(existsSync(mask.path)).toBe(true);
  expect(readdirSync(state)).toEqual([]);
});

test("a directory that is moved away takes its mask along, and a link in its place leads nobody to another .git", () => {
  verifies("05 SB-L13");
  const [workspace, other] = [join(folder, "w"), join(folder, "other")];
  for (const directory of [workspace, other]) mkdirSync(directory);
  const mask = { path: join(workspace, ".git"), kind: "directory" } as const;
  const registry = new MaskRegistry(state);
  registry.count(() => ({ masks: [mask] }));
  for (const directory of [workspace, other]) mkdirSync(join(directory, ".git"));
  renameSync(workspace, join(folder, "moved"));
  symlinkSync("other", workspace);
  registry.release([mask]);
  expect([existsSync(join(folder, "moved/.git")), existsSync(join(other, ".git"))]).toEqual([false, true]);
});

test("a mask is removed in each directory in which it was made", () => {
  verifies("05 SB-L13");
  const workspace = join(folder, "w");
  const mask = { path: join(workspace, ".git"), kind: "directory" } as const;
  const registry = new MaskRegistry(state);
  for (const place of ["first", "second"]) {
    mkdirSync(workspace);
    registry.count(() => ({ masks: [mask] }));
    mkdirSync(mask.path);
    renameSync(workspace, join(folder, place));
  }
  registry.release([mask]);
  registry.release([mask]);
  expect(["first", "second"].map((place) => readdirSync(join(folder, place)))).toEqual([[], []]);
});

test("where there never was a mask, nothing is made", () => {
  new MaskRegistry(state).recover();
  expect(existsSync(state)).toBe(false);
});
