import { constants } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { base64, fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";

const call = fileCalls();
const data = { dataBase64: base64("new") };

test("a missing file is created with mode 0666 less the umask", async () => {
  verifies("04 F-4", "04 F-10");
  await using folder = await tempFolder();
  expect(await call("fs/writeFile", { path: folder.at("f"), ...data })).toEqual({ result: {} });
  expect(await readFile(folder.at("f"), "utf8")).toBe("new");
  expect((await stat(folder.at("f"))).mode & 0o777).toBe(0o666 & ~process.umask());
});

test("an existing file is truncated and keeps its mode", async () => {
  verifies("04 F-16");
  await using folder = await tempFolder();
  await folder.sh("printf 'old and longer' > f; chmod 750 f");
  await call("fs/writeFile", { path: folder.at("f"), ...data });
  expect(await readFile(folder.at("f"), "utf8")).toBe("new");
  expect((await stat(folder.at("f"))).mode & 0o7777).toBe(0o750);
});

test("no data empties the file", async () => {
  await using folder = await tempFolder();
  await folder.sh("printf old > f");
  await call("fs/writeFile", { path: folder.at("f"), dataBase64: "" });
  expect((await stat(folder.at("f"))).size).toBe(0);
});

test("writing goes through a link, and through a broken one creates what it names", async () => {
  verifies("04 F-16");
  await using folder = await tempFolder();
  await folder.sh("printf t > target; ln -s target link; ln -s made broken");
  await call("fs/writeFile", { path: folder.at("link"), ...data });
  await call("fs/writeFile", { path: folder.at("broken"), ...data });
  expect(await folder.sh("cat target made; readlink link broken")).toBe("newnewtarget\nmade\n");
});

test("writing through a hard link changes the shared file", async () => {
  verifies("04 F-16");
  await using folder = await tempFolder();
  await folder.sh("printf h > one; ln one two");
  await call("fs/writeFile", { path: folder.at("two"), ...data });
  expect(await folder.sh("cat one; stat -c %h one")).toBe("new2\n");
});

test.each([
  ["d", -32603, "Is a directory (os error 21)"],
  ["no/such", -32004, "No such file or directory (os error 2)"],
  ["f/x", -32603, "Not a directory (os error 20)"],
  ["loop", -32603, "Symbolic link loop (os error 40)"],
])("%s cannot be written: %i %s", async (name, code, message) => {
  verifies("04 F-17");
  await using folder = await tempFolder();
  await folder.sh("mkdir d; printf f > f; ln -s loop loop");
  const { error } = await call("fs/writeFile", { path: folder.at(name), ...data });
  expect(error).toMatchObject({ code, message, data: { op: "writeFile", path: `file://${folder.at(name)}` } });
});

test("a character device may be written, and a full one says so", async () => {
  verifies("04 F-17");
  expect(await call("fs/writeFile", { path: "/dev/null", ...data })).toEqual({ result: {} });
  expect((await call("fs/writeFile", { path: "/dev/full", ...data })).error).toMatchObject({
    code: -32603,
    message: "No space left on device (os error 28)",
    data: { errno: "ENOSPC", op: "writeFile", path: "file:///dev/full" },
  });
});

test("FIFOs without a reader are refused at once and keep no thread of the pool", async () => {
  verifies("04 F-20");
  await using folder = await tempFolder();
  const names = Array.from({ length: 12 }, (_, index) => `fifo${index}`);
  await folder.sh(`mkfifo ${names.join(" ")}; printf still > f`);
  const answers = await Promise.all(names.map((name) => call("fs/writeFile", { path: folder.at(name), ...data })));
  for (const [index, { error }] of answers.entries()) {
    expect(error).toMatchObject({ code: -32600, message: `path \`${folder.at(`fifo${index}`)}\` is not a file` });
  }
  expect((await call("fs/readFile", { path: folder.at("f") })).result).toEqual({ dataBase64: base64("still") });
});

test("a FIFO with a reader is refused too, and the reader gets nothing", async () => {
  verifies("04 F-20");
  await using folder = await tempFolder();
  await folder.sh("mkfifo fifo");
  await using reader = await open(folder.at("fifo"), constants.O_RDWR | constants.O_NONBLOCK);
  expect((await call("fs/writeFile", { path: folder.at("fifo"), ...data })).error?.code).toBe(-32600);
  await expect(reader.read(Buffer.alloc(8))).rejects.toThrow("EAGAIN");
});

test("four megabytes arrive whole", async () => {
  await using folder = await tempFolder();
  const content = "0123456789abcdef".repeat(256 * 1024);
  await call("fs/writeFile", { path: folder.at("f"), dataBase64: base64(content) });
  expect(await readFile(folder.at("f"), "utf8")).toBe(content);
});
