import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { base64, fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";

const call = fileCalls();

async function listing(path: string) {
  const { result } = await call("fs/readDirectory", { path });
  return Object.fromEntries(
    (result?.entries ?? []).map((entry) => [entry.fileName, [entry.isDirectory, entry.isFile]]),
  );
}

test("kinds are those of the targets, hidden names are listed, and what cannot be examined is left out", async () => {
  verifies("04 F-30", "04 F-31", "04 F-33");
  await using folder = await tempFolder();
  await folder.sh(
    "mkdir m; cd m; : > alpha; : > .hidden; mkdir sub; ln -s alpha l-file; ln -s sub l-dir; mkfifo fifo;" +
      "ln -s nowhere l-broken; ln -s l-loop l-loop; cd ..; ln -s m mlink",
  );
  const expected = {
    alpha: [false, true],
    ".hidden": [false, true],
    sub: [true, false],
    "l-file": [false, true],
    "l-dir": [true, false],
    fifo: [false, false],
  };
  expect(await listing(folder.at("m"))).toEqual(expected);
  expect(await listing(folder.at("mlink"))).toEqual(expected);
});

test("an empty directory has no entries", async () => {
  await using folder = await tempFolder();
  expect(await call("fs/readDirectory", { path: folder.path })).toEqual({ result: { entries: [] } });
});

test("every entry can be addressed by its path, whatever its name", async () => {
  verifies("04 F-32");
  await using folder = await tempFolder();
  const names = ["sp ace", "new\nline", "per%25", "tab\tx", "que?ry#hash", "ünïcode"].map((name) => Buffer.from(name));
  names.push(Buffer.from([0x61, 0xff]));
  for (const name of names) await writeFile(Buffer.concat([Buffer.from(`${folder.path}/`), name]), name);
  const { result } = await call("fs/readDirectory", { path: folder.path });
  expect(result?.entries.map((entry) => entry.fileName).sort()).toEqual(names.map((name) => name.toString()).sort());
  for (const { path, fileName } of result?.entries ?? []) {
    const content = await call("fs/readFile", { path: path ?? "" });
    const bytes = Buffer.from(content.result?.dataBase64 ?? "", "base64");
    expect(bytes.toString()).toBe(fileName);
  }
});

test("the path of an entry lies below the directory as it was named", async () => {
  verifies("04 F-32", "04 P-51");
  await using folder = await tempFolder();
  await folder.sh("mkdir d; printf x > d/f; ln -s d link");
  const { result } = await call("fs/readDirectory", { path: folder.at("link") });
  expect(result?.entries[0]?.path).toBe(`file://${folder.at("link/f")}`);
  expect((await call("fs/readFile", { path: result?.entries[0]?.path ?? "" })).result?.dataBase64).toBe(base64("x"));
});

test.each([
  ["f", -32603, "ENOTDIR"],
  ["fifo", -32603, "ENOTDIR"],
  ["nope", -32004, "ENOENT"],
  ["broken", -32004, "ENOENT"],
  ["loop", -32603, "ELOOP"],
])("%s cannot be listed: %i %s", async (name, code, errno) => {
  verifies("04 F-33");
  await using folder = await tempFolder();
  await folder.sh(": > f; mkfifo fifo; ln -s nowhere broken; ln -s loop loop");
  const { error } = await call("fs/readDirectory", { path: folder.at(name) });
  expect(error).toMatchObject({ code, data: { errno, op: "readDirectory" } });
});

test("five thousand entries arrive in one answer", async () => {
  verifies("04 F-33");
  await using folder = await tempFolder();
  await folder.sh("seq 1 5000 | xargs touch");
  const { result } = await call("fs/readDirectory", { path: folder.path });
  expect(result?.entries).toHaveLength(5_000);
});
