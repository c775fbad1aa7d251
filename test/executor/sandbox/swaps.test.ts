import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MaskRegistry } from "../../../src/executor/sandbox/mask-registry.ts";
import type { HostMask } from "../../../src/executor/sandbox/mount-plan.ts";
import { type Libc, loadLibc, type SpawnOrder } from "../../../src/executor/spawn/libc.ts";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";
import type { Access } from "../../../src/ports/confinement.ts";
import type { ChildEnd } from "../../../src/ports/process-host.ts";
import { verifies } from "../../rules/verifies.ts";

/** Does something the moment a plan is made, before anything of it is opened. */
class SwappingRegistry extends MaskRegistry {
  swap = (): void => undefined;

  override count<Plan extends { readonly masks: readonly HostMask[] }>(
    plan: (isMask: (path: string) => boolean) => Plan,
  ): Plan {
    const planned = super.count(plan);
    this.swap();
    return planned;
  }
}

let folder: string;
let place: string;
let outside: string;
beforeEach(() => {
  folder = mkdtempSync("/var/tmp/proctor-swaps-");
  [place, outside] = [join(folder, "a/place"), join(folder, "outside")];
  for (const directory of [place, outside]) mkdirSync(directory, { recursive: true });
  for (const directory of [place, outside])
    for (const name of [".git", ".agents", ".codex"]) mkdirSync(join(directory, name));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What somebody else, who may write above the place, does to it in the middle of a start. */
const swaps: Readonly<Record<string, () => void>> = {
  "for a link that leads out": () => {
    renameSync(place, `${place}.old`);
    symlinkSync("../outside", place);
  },
  "for a link by its whole path": () => {
    renameSync(place, `${place}.old`);
    symlinkSync(outside, place);
  },
  "above, for a link to a directory that has a place too": () => {
    renameSync(join(folder, "a"), join(folder, "b"));
    mkdirSync(join(folder, "c"));
    symlinkSync("../outside", join(folder, "c/place"));
    symlinkSync("c", join(folder, "a"));
  },
  "for nothing": () => renameSync(place, `${place}.old`),
};

describe.each(Object.entries(swaps))("a place that is swapped %s", (_how, swap) => {
  test.each(["planned", "opened"] as const)("after it was %s: the program does not write outside", async (moment) => {
    verifies("05 SB-L14");
    const libc = loadLibc();
    if (libc === null) throw new Error("sandboxes need the C library");
    const masks = new SwappingRegistry(join(folder, "state"));
    if (moment === "planned") masks.swap = swap;
    const swapping: Libc = {
      ...libc,
      spawn: (order: SpawnOrder) => {
        if (moment === "opened") swap();
        return libc.spawn(order);
      },
    };
    using host = posixProcessHost({ libc: swapping, sandbox: { masks } });
    const at = (path: string, access: Access) => ({ path, access });
    const entries = [at("/", "read"), at(place, "write"), at(join(folder, "outside"), "read")];
    const end = Promise.withResolvers<ChildEnd>();
    const started = host.spawn(
      {
        argv: ["/bin/sh", "-c", `echo x > ${place}/new; echo x > ${outside}/new`],
        arg0: null,
        cwd: "/",
        env: {},
        stdin: "none",
        confinement: {
          files: { entries, denyGlobs: [], globScanMaxDepth: null, platformDefaults: false },
          network: "restricted",
        },
      },
      { output: () => undefined, ended: () => undefined, exited: end.resolve, stdinClosed: () => undefined },
    );
    const child = await started.catch(() => null);
    if (child !== null) await end.promise;
    child?.release();
    expect(readdirSync(outside)).not.toContain("new");
  });
});
