import { stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";

const call = fileCalls();
const ok = { result: {} };

async function fixture() {
  const folder = await tempFolder();
  await folder.sh("mkdir d; ln -s d dlink; printf f > f; ln -s nowhere broken; ln -s loop loop");
  return folder;
}

// Rows of the table in 04 section 10.3: what exists, then the error with `recursive` and without.
const exists = { code: -32603, message: "File exists (os error 17)", data: { errno: "EEXIST" } };
const notDirectory = { code: -32603, message: "Not a directory (os error 20)", data: { errno: "ENOTDIR" } };
const looping = { code: -32603, message: "Symbolic link loop (os error 40)", data: { errno: "ELOOP" } };
const missing = { code: -32004, message: "No such file or directory (os error 2)", data: { errno: "ENOENT" } };

test.each([
  ["new", "a new name", undefined, undefined],
  ["no/such/dir", "a name whose parents are missing", undefined, missing],
  ["d", "a directory", undefined, exists],
  ["dlink", "a link to a directory", undefined, exists],
  ["f", "a file", exists, exists],
  ["f/x", "a name below a file", notDirectory, notDirectory],
  ["broken", "a broken link", exists, exists],
  ["broken/x", "a name below a broken link", exists, missing],
  ["loop/x", "a name below a link loop", looping, looping],
])("making %s, %s", async (name, _what, recursive, single) => {
  verifies("04 F-22");
  for (const [flag, expected] of [
    [true, recursive],
    [null, recursive],
    [false, single],
  ] as const) {
    await using folder = await fixture();
    const answer = await call("fs/createDirectory", { path: folder.at(name), recursive: flag });
    if (expected !== undefined) expect(answer.error).toMatchObject(expected);
    else {
      expect(answer).toEqual(ok);
      expect((await stat(folder.at(name))).isDirectory()).toBe(true);
    }
  }
});

test("the root exists", async () => {
  verifies("04 F-22");
  expect(await call("fs/createDirectory", { path: "file:///" })).toEqual(ok);
  expect((await call("fs/createDirectory", { path: "file:///", recursive: false })).error).toMatchObject(exists);
});

test("directories get mode 0777 less the umask", async () => {
  verifies("04 F-10");
  await using folder = await tempFolder();
  await call("fs/createDirectory", { path: folder.at("a/b") });
  for (const name of ["a", "a/b"]) expect((await stat(folder.at(name))).mode & 0o777).toBe(0o777 & ~process.umask());
});

test("two dots are folded before anything is looked at", async () => {
  verifies("04 F-22", "04 P-23");
  await using folder = await tempFolder();
  expect(await call("fs/createDirectory", { path: `file://${folder.path}/q/../r`, recursive: false })).toEqual(ok);
  expect(await folder.sh("ls")).toBe("r\n");
});

test("a failure names the component that is in the way", async () => {
  verifies("04 F-6");
  await using folder = await fixture();
  const { error } = await call("fs/createDirectory", { path: folder.at("broken/x/y") });
  expect(error?.data).toEqual({ errno: "EEXIST", op: "createDirectory", path: `file://${folder.at("broken")}` });
});

test("parents that were made stay when a deeper one cannot be", async () => {
  verifies("04 F-22");
  await using folder = await tempFolder();
  const { error } = await call("fs/createDirectory", { path: folder.at("a/b", "x".repeat(256), "c") });
  expect(error).toMatchObject({ code: -32603, message: "Filename too long (os error 36)" });
  expect(await folder.sh("find . | sort")).toBe(".\n./a\n./a/b\n");
});

test("many at once for one deep path all succeed", async () => {
  await using folder = await tempFolder();
  const calls = Array.from({ length: 8 }, (_, index) =>
    fileCalls()("fs/createDirectory", { path: folder.at(`a/b/c/${index}`) }),
  );
  for (const answer of await Promise.all(calls)) expect(answer).toEqual(ok);
});
