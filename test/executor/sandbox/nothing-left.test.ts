import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor } from "./confined-executor.ts";
import { confinedProcesses, descriptorCount, mounts } from "./helper-processes.ts";
import { at, readOnly, sandboxOf, workspace } from "./profiles.ts";

const operations = 1_000;
const seed = 20_261_129;

/** The same numbers for the same seed: mulberry32. */
function dice(state: number): (below: number) => number {
  let at = state;
  return (below) => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test("a thousand operations, many of them cut off, leave no process, mount, file or descriptor", {
  timeout: 300_000,
}, async () => {
  verifies("05 SB-F7", "05 SB-L13", "05 SB-V3");
  const roll = dice(seed);
  const folder = mkdtempSync("/var/tmp/proctor-nothing-left-");
  mkdirSync(join(folder, "w/deep"), { recursive: true });
  // One workspace in which names have to be kept from being made, and one where they are there.
  for (const name of [".git", ".agents", ".codex"]) mkdirSync(join(folder, "w/deep", name));
  writeFileSync(join(folder, "w/f"), Buffer.alloc(300_000, "x"));
  const uri = (name: string) => `file://${folder}/${name}`;
  const profiles = [
    readOnly,
    sandboxOf(null, at(join(folder, "w"), "read")),
    workspace(join(folder, "w/deep")),
    workspace(join(folder, "w/deep"), at(join(folder, "w/f"), "deny")),
  ];
  const bare = workspace(join(folder, "w"));
  const anyProfile = () => (roll(12) === 0 ? bare : profiles[roll(profiles.length)]);
  const walkOptions = { maxDepth: 9, maxDirectories: 99, maxEntries: 99, followDirectorySymlinks: false };
  const calls: readonly (() => readonly [string, object])[] = [
    () => ["fs/readFile", { path: uri("w/f") }],
    () => ["fs/writeFile", { path: uri(`w/deep/n${roll(20)}`), dataBase64: "eHl6" }],
    () => ["fs/writeFile", { path: uri(`w/deep/n${roll(20)}`), dataBase64: "eHl6", atomic: true }],
    () => ["fs/getMetadata", { path: uri("w") }],
    () => ["fs/readDirectory", { path: uri("w") }],
    () => ["fs/walk", { path: uri("w"), options: walkOptions }],
    () => ["fs/createDirectory", { path: uri(`w/deep/${roll(9)}/x`) }],
    () => ["fs/remove", { path: uri(`w/deep/${roll(9)}`) }],
    () => ["fs/copy", { sourcePath: uri("w/f"), destinationPath: uri(`w/deep/copy${roll(9)}`), recursive: false }],
    () => ["fs/open", { handleId: `h${roll(99)}`, path: uri("w/f") }],
    () => ["fs/open", { handleId: `h${roll(99)}`, path: uri(`w/deep/s${roll(9)}`), mode: "replace" }],
    () => ["fs/readBlock", { handleId: `h${roll(99)}`, offset: roll(300_000), len: 65_536 }],
    () => ["fs/close", { handleId: `h${roll(99)}` }],
  ];

  const before = { mounts: mounts(), temporary: ownFilesIn(tmpdir()) };
  const executor = await ConfinedExecutor.start();
  await executor.peer.request("fs/readFile", { path: uri("w/f"), sandbox: readOnly });
  let peer = await executor.connect();
  const settled: Promise<unknown>[] = [];
  for (let done = 0; done < operations; ) {
    for (let crowd = 1 + roll(12); crowd > 0; crowd -= 1, done += 1) {
      const [method, params] = calls[roll(calls.length)]?.() ?? ["environment/info", {}];
      const answer = peer.answer(method, { ...params, sandbox: anyProfile() });
      if (roll(3) > 0) settled.push(Promise.race([answer, peer.ended]));
    }
    if (roll(4) === 0) {
      peer.transport.destroy();
      peer = await executor.connect();
    } else if (roll(3) > 0) await Promise.all(settled.splice(0));
  }
  await Promise.all(settled);
  await executor[Symbol.asyncDispose]();

  await expect.poll(() => confinedProcesses()).toEqual([]);
  expect(mounts()).toBe(before.mounts);
  await expect.poll(() => ownFilesIn(tmpdir()).filter((name) => !before.temporary.includes(name))).toEqual([]);
  expect(readdirSync(join(folder, "w")).filter((name) => name.startsWith("."))).toEqual([]);
  // Of those that come later, what an executor needs for its first start stays: a second one tells.
  const first = descriptorCount();
  const again = await ConfinedExecutor.start();
  await again.peer.request("fs/writeFile", { path: uri("w/f"), dataBase64: "", sandbox: workspace(join(folder, "w")) });
  await again[Symbol.asyncDispose]();
  await expect.poll(() => descriptorCount()).toBeLessThanOrEqual(first);
  rmSync(folder, { recursive: true });
});

function ownFilesIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => /^proctor-(sandbox|spill)/.test(name));
}
