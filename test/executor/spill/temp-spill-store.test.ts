import { fstatSync, readdirSync, readlinkSync } from "node:fs";
import { mkdtempDisposable, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { tempSpillStore } from "../../../src/executor/spill/temp-spill-store.ts";

/** The descriptors of this process that lead into a folder, with the name that the file had. */
function descriptorsInto(folder: string): { readonly fd: number; readonly path: string }[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [{ fd: Number(fd), path }] : [];
    } catch {
      return []; // the one that read the listing is closed already
    }
  });
}

const folder = () => mkdtempDisposable(join(tmpdir(), "proctor-spill-test-"));

it("a spill file is readable by its user alone and has no name, so that nothing stays behind however we end", async () => {
  await using at = await folder();
  const file = tempSpillStore(at.path).create();
  expect(await readdir(at.path)).toEqual([]);
  const [descriptor, ...more] = descriptorsInto(at.path);
  expect(more).toEqual([]);
  expect(descriptor?.path).toMatch(/ \(deleted\)$/);
  const { mode, nlink } = fstatSync(descriptor?.fd ?? -1);
  expect({ mode: mode & 0o777, nlink }).toEqual({ mode: 0o600, nlink: 0 });
  file.close();
  expect(descriptorsInto(at.path)).toEqual([]);
});

it("what is written is read back from its place, in any order", async () => {
  await using at = await folder();
  const file = tempSpillStore(at.path).create();
  const pieces = Array.from({ length: 50 }, (_, n) => new Uint8Array(n * 997).fill(n));
  const places = pieces.map((piece) => file.append(piece));
  for (const [n, offset] of [...places.entries()].reverse()) {
    expect(Buffer.compare(file.read(offset, n * 997), pieces[n] ?? new Uint8Array())).toBe(0);
  }
  file.close();
});

it("reading where nothing was written is an error, and not some bytes", async () => {
  await using at = await folder();
  const file = tempSpillStore(at.path).create();
  file.append(Uint8Array.of(1, 2, 3));
  expect(() => file.read(1, 3)).toThrow("a spill file ends at 3 instead of 4");
  file.close();
});

it("closing is idempotent, and never closes a descriptor that has become another's", async () => {
  await using at = await folder();
  const store = tempSpillStore(at.path);
  const first = store.create();
  first.close();
  const second = store.create(); // it gets the number that the first one had
  first.close();
  expect(second.append(Uint8Array.of(7))).toBe(0);
  expect(() => first.append(Uint8Array.of(1))).toThrow("the spill file is closed");
  second.close();
});

it("a folder that cannot be written to is an error of the creation", () => {
  expect(() => tempSpillStore("/no/such/folder").create()).toThrow(/ENOENT/);
});
