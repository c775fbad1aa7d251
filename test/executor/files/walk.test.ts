import { expect, test } from "vitest";
import type { WireParams } from "../../../src/protocol/methods.ts";
import { verifies } from "../../rules/verifies.ts";
import { fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";

type Options = WireParams<"fs/walk">["options"];

const call = fileCalls();
const far: Options = { maxDepth: 64, maxDirectories: 10_000, maxEntries: 50_000, followDirectorySymlinks: false };

/** The names below a folder that a walk tells, with a slash behind directories. */
async function walked(path: string, options: Partial<Options> = {}) {
  const { result } = await call("fs/walk", { path, options: { ...far, ...options } });
  const prefix = `file://${path}/`;
  return {
    names: result?.entries.map((entry) => entry.path.slice(prefix.length) + (entry.kind === "directory" ? "/" : "")),
    errors: result?.errors,
    truncated: result?.truncated,
  };
}

test("goes breadth first, each directory by code points, and names what it leaves out by its absence", async () => {
  verifies("04 W-3", "04 W-4");
  await using folder = await tempFolder();
  await folder.sh(
    `mkdir -p b/c; touch a b/x 'b/c/deep' '\u{10000}' '\uffff'; mkfifo pipe; ln -s a link; ln -s none broken`,
  );
  expect(await walked(folder.path)).toEqual({
    names: ["a", "b/", encodeURIComponent("\uffff"), encodeURIComponent("\u{10000}"), "b/c/", "b/x", "b/c/deep"],
    errors: [],
    truncated: false,
  });
});

test("counts what it leaves out, but not links that lead nowhere", async () => {
  verifies("04 W-5");
  await using folder = await tempFolder();
  await folder.sh("ln -s none a-broken; mkfifo b-pipe; touch c-file; ln -s none d-broken");
  expect(await walked(folder.path, { maxEntries: 2 })).toMatchObject({ names: ["c-file"], truncated: false });
  expect(await walked(folder.path, { maxEntries: 1 })).toMatchObject({ names: [], truncated: true });
});

test("enters a directory once, whichever links lead to it, and never runs in a circle", async () => {
  verifies("04 W-6");
  await using folder = await tempFolder();
  await folder.sh("mkdir -p real/in; touch real/in/f; ln -s real alias; ln -s .. real/in/up");
  expect(await walked(folder.path, { followDirectorySymlinks: true })).toMatchObject({
    names: ["alias/", "real/", "alias/in/", "alias/in/f", "alias/in/up/"],
    truncated: false,
  });
});

test("keeps the spelling of its root, and every byte of a name", async () => {
  verifies("04 W-3");
  await using folder = await tempFolder();
  await folder.sh(`mkdir d; touch "d/$(printf 'n\\377')"; ln -s d root`);
  const { result } = await call("fs/walk", {
    path: `file://${folder.path}//r%6Fot/`,
    options: { ...far, followDirectorySymlinks: true },
  });
  expect(result?.entries).toEqual([{ path: `file://${folder.path}//r%6Fot/n%FF`, kind: "file" }]);
});

test("an answer is never larger than its bound", async () => {
  verifies("04 W-9");
  await using folder = await tempFolder();
  await folder.sh(`name=$(printf 'x%.0s' $(seq 200)); seq 20000 | sed "s/^/$name/" | xargs touch`);
  const { result } = await call("fs/walk", { path: folder.path, options: far });
  const cost = result?.entries.reduce((sum, { path }) => sum + path.length + 64, 0) ?? 0;
  expect(result?.truncated).toBe(true);
  expect(cost).toBeLessThanOrEqual(4_194_304);
  expect(cost).toBeGreaterThan(4_194_304 - 64 - 400);
});
