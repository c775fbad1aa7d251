import { lstat, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";

const call = fileCalls();
const ok = { result: {} };

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

test("links of every kind are removed and their targets stay", async () => {
  verifies("04 F-34");
  await using folder = await tempFolder();
  await folder.sh(
    "printf f > f; mkdir d; : > d/in; ln -s f lf; ln -s d ld; ln -s d ld2; ln -s no broken; ln -s loop loop",
  );
  for (const name of ["lf", "ld", "ld2/", "broken", "loop"]) {
    expect(await call("fs/remove", { path: `file://${folder.path}/${name}`, force: false }), name).toEqual(ok);
  }
  expect(await folder.sh("find . | sort")).toBe(".\n./d\n./d/in\n./f\n");
});

test("a tree is removed whole, without following the links inside it", async () => {
  verifies("04 F-34");
  await using folder = await tempFolder();
  await folder.sh("mkdir -p t/a/b out; : > out/keep; : > t/f; : > t/a/b/g; ln -s ../../out t/a/link; mkfifo t/a/fifo");
  expect(await call("fs/remove", { path: folder.at("t") })).toEqual(ok);
  expect(await folder.sh("find . | sort")).toBe(".\n./out\n./out/keep\n");
});

test("names that are not UTF-8 go with their tree", async () => {
  await using folder = await tempFolder();
  const inner = Buffer.concat([Buffer.from(folder.at("t/")), Buffer.from([0xff])]);
  await mkdir(inner, { recursive: true });
  await writeFile(Buffer.concat([inner, Buffer.from("/"), Buffer.from([0xfe])]), "");
  expect(await call("fs/remove", { path: folder.at("t") })).toEqual(ok);
  expect(await exists(folder.at("t"))).toBe(false);
});

test("a tree deeper than any path is long is removed", async () => {
  await using folder = await tempFolder();
  const half = Array.from({ length: 15 }, () => "n".repeat(200)).join("/");
  await folder.sh(`mkdir -p t/${half} inner/${half}; : > inner/${half}/leaf; mv inner t/${half}`);
  expect(await call("fs/remove", { path: folder.at("t") })).toEqual(ok);
  expect(await exists(folder.at("t"))).toBe(false);
});

test("without recursive only an empty directory is removed", async () => {
  await using folder = await tempFolder();
  await folder.sh("mkdir empty full; : > full/x; : > f");
  expect(await call("fs/remove", { path: folder.at("empty"), recursive: false })).toEqual(ok);
  expect(await call("fs/remove", { path: folder.at("f"), recursive: false })).toEqual(ok);
  expect((await call("fs/remove", { path: folder.at("full"), recursive: false })).error).toMatchObject({
    code: -32603,
    message: "Directory not empty (os error 39)",
    data: { errno: "ENOTEMPTY", op: "remove", path: `file://${folder.at("full")}` },
  });
  expect(await exists(folder.at("full/x"))).toBe(true);
});

test("FIFOs and sockets are removed", async () => {
  verifies("04 F-34");
  await using folder = await tempFolder();
  await folder.sh("mkfifo fifo");
  await using server = createServer().listen(folder.at("sock"));
  await new Promise((resolve) => server.once("listening", resolve));
  for (const name of ["fifo", "sock"]) {
    expect(await call("fs/remove", { path: folder.at(name), recursive: false, force: false })).toEqual(ok);
    expect(await exists(folder.at(name))).toBe(false);
  }
});

test("force turns a missing path into success, and nothing else", async () => {
  verifies("04 F-35");
  await using folder = await tempFolder();
  await folder.sh(": > f");
  expect(await call("fs/remove", { path: folder.at("gone") })).toEqual(ok);
  expect(await call("fs/remove", { path: folder.at("no/such"), force: null, recursive: null })).toEqual(ok);
  expect((await call("fs/remove", { path: folder.at("gone"), force: false })).error).toMatchObject({ code: -32004 });
  expect((await call("fs/remove", { path: folder.at("f/x") })).error).toMatchObject({
    code: -32603,
    data: { errno: "ENOTDIR" },
  });
});

test.each(["file:///", "/", "file:///tmp/..", "/.."])(
  "the root of the file system is never removed: %s",
  async (path) => {
    verifies("04 F-37");
    // Not recursive: whatever a fault here would do, it would not do it to the machine that runs the tests.
    const { error } = await call("fs/remove", { path, recursive: false });
    expect(error).toEqual({
      code: -32600,
      message: "fs/remove does not remove the root of the file system",
      data: { op: "remove", path: "file:///" },
    });
  },
);
