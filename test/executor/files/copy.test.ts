import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { fileCalls } from "./file-calls.ts";
import { type TempFolder, tempFolder } from "./temp-folder.ts";

const call = fileCalls();
const ok = { result: {} };

function copy(folder: TempFolder, source: string, destination: string, recursive = false) {
  return call("fs/copy", { sourcePath: folder.at(source), destinationPath: folder.at(destination), recursive });
}

test("a file is copied with its permission bits, read-only and set-user-id ones included", async () => {
  verifies("04 F-38");
  await using folder = await tempFolder();
  for (const mode of ["755", "444", "600", "4711"]) {
    await folder.sh(`printf ${mode} > f${mode}; chmod ${mode} f${mode}`);
    expect(await copy(folder, `f${mode}`, `g${mode}`)).toEqual(ok);
    expect(await folder.sh(`cat g${mode}`)).toBe(mode);
  }
  const owner = process.getuid?.() === 0 ? "4711" : "711"; // the kernel clears it for an ordinary writer
  expect(await folder.sh("stat -c %a g755 g444 g600 g4711")).toBe(`755\n444\n600\n${owner}\n`);
});

test("the umask does not touch the mode of a copy", async () => {
  await using folder = await tempFolder();
  await folder.sh("printf x > f; chmod 777 f");
  await copy(folder, "f", "g");
  expect((await stat(folder.at("g"))).mode & 0o777).toBe(0o777);
});

test("times are not copied", async () => {
  await using folder = await tempFolder();
  await folder.sh("printf o > old; touch -d @1000000000 old");
  await copy(folder, "old", "copy");
  expect((await stat(folder.at("copy"))).mtimeMs).toBeGreaterThan(1_600_000_000_000);
});

test("an existing file gets the content and the mode", async () => {
  verifies("04 F-38");
  await using folder = await tempFolder();
  await folder.sh("printf new > f; chmod 755 f; printf 'old and longer' > g; chmod 600 g");
  expect(await copy(folder, "f", "g", true)).toEqual(ok);
  expect(await folder.sh("cat g; stat -c %a g")).toBe("new755\n");
});

test("content of several blocks arrives whole, also where the size says nothing", async () => {
  await using folder = await tempFolder();
  await folder.sh("head -c 3500000 /dev/urandom > f");
  await copy(folder, "f", "g");
  await folder.sh("cmp f g");
  await call("fs/copy", { sourcePath: "/proc/sys/kernel/ostype", destinationPath: folder.at("p"), recursive: false });
  expect(await readFile(folder.at("p"), "utf8")).toBe("Linux\n");
});

test("copying goes through a link at the destination, and through a broken one creates what it names", async () => {
  await using folder = await tempFolder();
  await folder.sh("printf f > f; printf t > target; ln -s target link; ln -s made broken");
  expect(await copy(folder, "f", "link")).toEqual(ok);
  expect(await copy(folder, "f", "broken")).toEqual(ok);
  expect(await folder.sh("cat target made; readlink link broken")).toBe("fftarget\nmade\n");
});

test("a link is copied as a link with the same text, broken or not, recursive or not", async () => {
  verifies("04 F-38");
  await using folder = await tempFolder();
  await folder.sh("printf f > f; mkdir d; ln -s f lf; ln -s d ld; ln -s ../no broken");
  expect(await copy(folder, "lf", "lf2")).toEqual(ok);
  expect(await copy(folder, "ld", "ld2")).toEqual(ok);
  expect(await copy(folder, "ld", "ld3", true)).toEqual(ok);
  expect(await copy(folder, "broken", "broken2")).toEqual(ok);
  expect(await folder.sh("readlink lf2 ld2 ld3 broken2")).toBe("f\nd\nd\n../no\n");
});

test.each(["f", "d", "other"])("a link is never copied onto what exists: %s", async (destination) => {
  verifies("04 F-38", "04 F-6");
  await using folder = await tempFolder();
  await folder.sh("printf f > f; mkdir d; ln -s f link; ln -s d other");
  expect((await copy(folder, "link", destination)).error).toMatchObject({
    code: -32603,
    message: "File exists (os error 17)",
    data: { errno: "EEXIST", op: "copy", path: `file://${folder.at(destination)}` },
  });
});

test.each([
  ["f", "d", -32603, "Is a directory (os error 21)"],
  ["f", "no/such", -32004, "No such file or directory (os error 2)"],
  ["f", "f2/x", -32603, "Not a directory (os error 20)"],
  ["zz", "q", -32004, "No such file or directory (os error 2)"],
  ["f/x", "q", -32603, "Not a directory (os error 20)"],
])("%s cannot be copied to %s: %i %s", async (source, destination, code, message) => {
  verifies("04 F-38", "04 F-5");
  await using folder = await tempFolder();
  await folder.sh("printf f > f; printf g > f2; mkdir d");
  expect((await copy(folder, source, destination)).error).toMatchObject({ code, message });
});

test("a FIFO, a socket and a device cannot be copied", async () => {
  verifies("04 F-38");
  await using folder = await tempFolder();
  await folder.sh("mkfifo fifo");
  await using server = createServer().listen(folder.at("sock"));
  await new Promise((resolve) => server.once("listening", resolve));
  for (const sourcePath of [folder.at("fifo"), folder.at("sock"), "/dev/null"]) {
    for (const recursive of [true, false]) {
      const { error } = await call("fs/copy", { sourcePath, destinationPath: folder.at("x"), recursive });
      expect(error).toMatchObject({
        code: -32600,
        message: "fs/copy only supports regular files, directories, and symlinks",
      });
    }
  }
});

test("a FIFO as destination is refused at once, and a character device is written", async () => {
  await using folder = await tempFolder();
  await folder.sh("mkfifo fifo; printf f > f");
  expect((await copy(folder, "f", "fifo")).error).toMatchObject({ code: -32600 });
  const answer = await call("fs/copy", { sourcePath: folder.at("f"), destinationPath: "/dev/null", recursive: false });
  expect(answer).toEqual(ok);
});

test.each([
  ["f", "itself"],
  ["hard", "its own hard link"],
  ["link", "a link to itself"],
  ["d/../f", "itself spelled otherwise"],
])("a file copied onto %s, %s, is refused and keeps its content", async (destination) => {
  verifies("04 F-40");
  await using folder = await tempFolder();
  await folder.sh("printf precious > f; ln f hard; ln -s f link; mkdir d");
  const { error } = await copy(folder, "f", destination);
  expect(error).toMatchObject({ code: -32600, message: "fs/copy cannot copy a file to itself", data: { op: "copy" } });
  expect(await folder.sh("cat f hard")).toBe("preciousprecious");
});

test("a link copied onto the file it names leaves the file alone", async () => {
  await using folder = await tempFolder();
  await folder.sh("printf precious > f; ln -s f link");
  expect((await copy(folder, "link", "f")).error).toMatchObject({ code: -32603 });
  expect(await folder.sh("cat f")).toBe("precious");
});

const tree = "mkdir -p tree/sub; printf 1 > tree/one; printf 2 > tree/sub/two; ln -s one tree/link;";

test("a directory needs recursive", async () => {
  verifies("04 F-38");
  await using folder = await tempFolder();
  await folder.sh(tree);
  expect((await copy(folder, "tree", "t2")).error).toMatchObject({
    code: -32600,
    message: "fs/copy requires recursive: true when sourcePath is a directory",
  });
});

test("a tree is copied to a new place, whose missing parents are made", async () => {
  verifies("04 F-38");
  await using folder = await tempFolder();
  await folder.sh(tree);
  expect(await copy(folder, "tree", "deep/er/t", true)).toEqual(ok);
  expect(await folder.sh("cd deep/er/t; find . | sort; cat one sub/two; readlink link")).toBe(
    ".\n./link\n./one\n./sub\n./sub/two\n12one\n",
  );
});

test("names that are not UTF-8 are copied as they are", async () => {
  await using folder = await tempFolder();
  await folder.sh(`mkdir t; d=$(printf 't/\\377'); mkdir "$d"; printf x > "$d/$(printf '\\376')"`);
  expect(await copy(folder, "t", "u", true)).toEqual(ok);
  await folder.sh("diff -r t u");
});

test("modes of files in a tree are kept, those of directories are not", async () => {
  await using folder = await tempFolder();
  await folder.sh("mkdir t t/d; printf x > t/d/f; chmod 751 t/d/f; chmod 700 t/d t");
  expect(await copy(folder, "t", "u", true)).toEqual(ok);
  const plain = (0o777 & ~process.umask()).toString(8);
  expect(await folder.sh("stat -c %a u u/d u/d/f")).toBe(`${plain}\n${plain}\n751\n`);
});

test("a directory is merged into an existing one, and files are overwritten", async () => {
  await using folder = await tempFolder();
  await folder.sh(
    "mkdir -p a/s b/s; printf new > a/same; printf a > a/s/x; printf 'older one' > b/same; printf b > b/s/y",
  );
  expect(await copy(folder, "a", "b", true)).toEqual(ok);
  expect(await folder.sh("cat b/same b/s/x b/s/y")).toBe("newab");
});

test("special files in a tree are skipped", async () => {
  verifies("04 F-38");
  await using folder = await tempFolder();
  await folder.sh("mkdir t; mkfifo t/fifo; printf p > t/plain; ln -s gone t/broken");
  expect(await copy(folder, "t", "u", true)).toEqual(ok);
  expect(await folder.sh("ls u")).toBe("broken\nplain\n");
});

test("a directory is not copied onto a file", async () => {
  verifies("04 F-39");
  await using folder = await tempFolder();
  await folder.sh(`${tree} printf f > f`);
  expect((await copy(folder, "tree", "f", true)).error).toMatchObject({ code: -32603, data: { errno: "EEXIST" } });
  expect(await folder.sh("cat f")).toBe("f");
});

test("a conflict of kinds in the middle stops the copy and names the entry", async () => {
  verifies("04 F-39");
  await using folder = await tempFolder();
  await folder.sh("mkdir -p a/x b; printf f > b/x");
  expect((await copy(folder, "a", "b", true)).error).toMatchObject({
    code: -32603,
    data: { errno: "EEXIST", op: "copy", path: `file://${folder.at("b/x")}` },
  });
  expect(await folder.sh("cat b/x")).toBe("f");
});

test("a link that waits inside the destination leads nowhere: it is a conflict", async () => {
  verifies("04 F-41");
  await using folder = await tempFolder();
  await folder.sh("mkdir -p a/dir b outside; printf new > a/file; printf safe > secret; ln -s ../secret b/file");
  expect((await copy(folder, "a", "b", true)).error).toMatchObject({
    code: -32603,
    data: { errno: "EEXIST", path: `file://${folder.at("b/file")}` },
  });
  await folder.sh("rm b/file; rmdir b/dir 2>/dev/null || true; printf x > a/dir/f; ln -s ../outside b/dir");
  expect((await copy(folder, "a", "b", true)).error).toMatchObject({ data: { path: `file://${folder.at("b/dir")}` } });
  expect(await folder.sh("cat secret; ls outside")).toBe("safe");
});

test("a broken link inside the destination creates nothing elsewhere", async () => {
  verifies("04 F-41");
  await using folder = await tempFolder();
  await folder.sh("mkdir a b; printf new > a/file; ln -s ../made b/file");
  expect((await copy(folder, "a", "b", true)).error).toMatchObject({ data: { errno: "EEXIST" } });
  expect(await folder.sh("ls")).toBe("a\nb\n");
});

test("the destination itself may be a link to a directory", async () => {
  await using folder = await tempFolder();
  await folder.sh(`${tree} mkdir real; ln -s real link`);
  expect(await copy(folder, "tree", "link", true)).toEqual(ok);
  expect(await folder.sh("cat real/one")).toBe("1");
});

test.each([
  ["tree", "itself"],
  ["tree/sub/new", "a descendant"],
  ["tree/x/y/z", "a descendant that does not exist"],
  ["ltree/new", "a descendant through a link"],
  ["tree/one/../../tree", "itself spelled otherwise"],
])("a directory copied to %s, %s, is refused", async (destination) => {
  verifies("04 F-38");
  await using folder = await tempFolder();
  await folder.sh(`${tree} ln -s tree ltree`);
  expect((await copy(folder, "tree", destination, true)).error).toMatchObject({
    code: -32600,
    message: "fs/copy cannot copy a directory to itself or one of its descendants",
  });
  expect(await folder.sh("find tree | sort")).toBe("tree\ntree/link\ntree/one\ntree/sub\ntree/sub/two\n");
});

test("a directory may be copied to a sibling whose name begins like its own, and out of its own subtree", async () => {
  verifies("04 F-38");
  await using folder = await tempFolder();
  await folder.sh(tree);
  expect(await copy(folder, "tree", "tree-b", true)).toEqual(ok);
  expect(await copy(folder, "tree/sub", "tree/other", true)).toEqual(ok);
  expect(await folder.sh("cat tree-b/sub/two tree/other/two")).toBe("22");
});

test("recursive must be given", async () => {
  await using folder = await tempFolder();
  const params = { sourcePath: folder.at("a"), destinationPath: folder.at("b") };
  expect((await call("fs/copy", params as never)).error).toMatchObject({
    code: -32602,
    message: "missing field `recursive`",
  });
});
