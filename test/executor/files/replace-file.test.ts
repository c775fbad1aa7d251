import { link, lstat, readdir, readFile, stat, symlink } from "node:fs/promises";
import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";
import { callsUnprivileged } from "./unprivileged.ts";

const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");

test("whoever reads while a file is replaced sees all of the old or all of the new (04 F-21)", async () => {
  verifies("04 F-21");
  await using folder = await tempFolder();
  const call = fileCalls();
  const contents = ["a", "b"].map((letter) => Buffer.alloc(2_000_000, letter));
  const path = folder.at("f");
  await call("fs/writeFile", { path, dataBase64: base64(contents[0] ?? "") });
  let isWriting = true;
  const reading = (async () => {
    const seen = new Set<string>();
    while (isWriting) {
      const bytes = await readFile(`${folder.path}/f`);
      seen.add(`${bytes.length} ${new Set(bytes).size}`);
    }
    return seen;
  })();
  for (let n = 0; n < 20; n += 1) {
    const dataBase64 = base64(contents[n % 2] ?? "");
    expect(await call("fs/writeFile", { path, dataBase64, atomic: true })).toEqual({ result: {} });
  }
  isWriting = false;
  expect([...(await reading)]).toEqual(["2000000 1"]);
  expect(await readdir(folder.path)).toEqual(["f"]);
});

test("mode and owner stay, links are gone through, and other hard links keep what they have", async () => {
  verifies("04 F-21");
  await using folder = await tempFolder();
  await folder.sh("printf old > f; chmod 4751 f; ln -s f link");
  await link(`${folder.path}/f`, `${folder.path}/other`);
  const before = await stat(`${folder.path}/f`);
  const call = fileCalls();
  expect(await call("fs/writeFile", { path: folder.at("link"), dataBase64: base64("new"), atomic: true })).toEqual({
    result: {},
  });
  expect((await lstat(`${folder.path}/link`)).isSymbolicLink()).toBe(true);
  const after = await stat(`${folder.path}/f`);
  expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
  expect(await readFile(`${folder.path}/f`, "utf8")).toBe("new");
  expect(await readFile(`${folder.path}/other`, "utf8")).toBe("old");
});

test("a new file is made as any other", async () => {
  verifies("04 F-21");
  await using folder = await tempFolder();
  const call = fileCalls();
  expect(await call("fs/writeFile", { path: folder.at("f"), dataBase64: base64("new"), atomic: true })).toEqual({
    result: {},
  });
  expect((await stat(`${folder.path}/f`)).mode & 0o777).toBe(0o666 & ~process.umask());
});

test("what cannot be replaced is refused, and nothing is left beside it", async () => {
  verifies("04 F-21");
  await using folder = await tempFolder();
  await folder.sh("mkdir d; mkfifo fifo; printf x > f");
  await symlink("nowhere", `${folder.path}/broken`);
  const call = fileCalls();
  const code = async (name: string) =>
    (await call("fs/writeFile", { path: folder.at(name), dataBase64: "", atomic: true })).error?.code;
  expect(await code("d")).toBe(-32603);
  expect(await code("fifo")).toBe(-32600);
  expect(await code("broken")).toBe(-32600);
  expect(await code("none/f")).toBe(-32004);
  expect(await code("f/below")).toBe(-32603);
  expect((await call("fs/writeFile", { path: "file:///dev/null", dataBase64: "", atomic: true })).error?.code).toBe(
    -32600,
  );
  expect((await readdir(folder.path)).sort()).toEqual(["broken", "d", "f", "fifo"]);
});

test("whoever may not write a file may not replace it either, though the directory is theirs", async () => {
  verifies("04 F-21");
  await using folder = await tempFolder();
  await folder.sh(
    "chmod 777 .; printf old > f; chmod 444 f; mkdir locked; printf old > locked/f; chmod 666 locked/f; chmod 555 locked",
  );
  const write = (name: string) =>
    ["fs/writeFile", { path: folder.at(name), dataBase64: base64("new"), atomic: true }] as const;
  const answers = await callsUnprivileged(write("f"), write("locked/f"), write("mine"));
  expect(answers.map(({ error }) => error?.code)).toEqual([-32600, -32600, undefined]);
  expect(await readFile(`${folder.path}/f`, "utf8")).toBe("old");
  expect(await readFile(`${folder.path}/locked/f`, "utf8")).toBe("old");
});
