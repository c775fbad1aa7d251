import { constants } from "node:fs";
import { appendFile, open, readFile, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { defaultReadLimitBytes } from "../../../src/executor/requests/file-requests.ts";
import { verifies } from "../../rules/verifies.ts";
import { base64, fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";

const call = fileCalls();

test("the bytes of a file arrive as they are", async () => {
  await using folder = await tempFolder();
  await folder.sh(`printf '\\377\\000\\001' > bin; : > empty`);
  expect(await call("fs/readFile", { path: folder.at("bin") })).toEqual({ result: { dataBase64: "/wAB" } });
  expect(await call("fs/readFile", { path: folder.at("empty") })).toEqual({ result: { dataBase64: "" } });
});

test("a link to a file is followed, and a trailing slash is dropped", async () => {
  verifies("04 F-11");
  await using folder = await tempFolder();
  await folder.sh("printf hello > a; ln -s a link");
  expect((await call("fs/readFile", { path: folder.at("link") })).result).toEqual({ dataBase64: base64("hello") });
  expect((await call("fs/readFile", { path: `file://${folder.path}/a/` })).result).toEqual({
    dataBase64: base64("hello"),
  });
});

test("a name that is not UTF-8 is read through its escaped bytes", async () => {
  verifies("04 P-22");
  await using folder = await tempFolder();
  await writeFile(Buffer.concat([Buffer.from(folder.at("n")), Buffer.from([0xff, 0xfe])]), "odd");
  const answer = await call("fs/readFile", { path: `file://${folder.path}/n%FF%FE` });
  expect(answer.result).toEqual({ dataBase64: base64("odd") });
});

test.each([
  ["d", "a directory"],
  ["dlink", "a link to a directory"],
  ["fifo", "a FIFO without a writer"],
])("%s, %s, is refused with its native path", async (name) => {
  verifies("04 F-11", "04 F-5");
  await using folder = await tempFolder();
  await folder.sh("mkdir d; ln -s d dlink; mkfifo fifo");
  const { error } = await call("fs/readFile", { path: folder.at(name) });
  expect(error).toEqual({
    code: -32600,
    message: `path \`${folder.at(name)}\` is not a file`,
    data: { op: "readFile", path: `file://${folder.at(name)}` },
  });
});

test("a device is refused", async () => {
  verifies("04 F-11");
  const { error } = await call("fs/readFile", { path: "/dev/null" });
  expect(error).toMatchObject({ code: -32600, message: "path `/dev/null` is not a file" });
});

test("a device is refused without being opened", async () => {
  verifies("04 F-11");
  // The other end of a terminal that nobody has unlocked: whoever opens it gets an error that tells.
  await using terminal = await open("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY);
  const { index } = /tty-index:\s*(?<index>\d+)/.exec(await readFile(`/proc/self/fdinfo/${terminal.fd}`, "utf8"))!
    .groups!;
  const path = `/dev/pts/${index}`;
  await expect(open(path)).rejects.toMatchObject({ code: "EIO" });
  const { error } = await call("fs/readFile", { path });
  expect(error).toMatchObject({ code: -32600, message: `path \`${path}\` is not a file` });
});

test("a socket fails as the open itself does", async () => {
  verifies("04 F-11");
  await using folder = await tempFolder();
  await using server = createServer().listen(folder.at("sock"));
  await new Promise((resolve) => server.once("listening", resolve));
  const { error } = await call("fs/readFile", { path: folder.at("sock") });
  expect(error).toMatchObject({ code: -32603, message: "No such device or address (os error 6)" });
});

test.each([
  ["nope", -32004, "No such file or directory (os error 2)", "ENOENT"],
  ["nope/x", -32004, "No such file or directory (os error 2)", "ENOENT"],
  ["broken", -32004, "No such file or directory (os error 2)", "ENOENT"],
  ["loop", -32603, "Symbolic link loop (os error 40)", "ELOOP"],
  ["a/x", -32603, "Not a directory (os error 20)", "ENOTDIR"],
  ["x".repeat(256), -32603, "Filename too long (os error 36)", "ENAMETOOLONG"],
])("%s cannot be read: %i %s", async (name, code, message, errno) => {
  verifies("04 F-12", "04 F-5", "04 F-6");
  await using folder = await tempFolder();
  await folder.sh("printf a > a; ln -s nowhere broken; ln -s loop loop");
  const { error } = await call("fs/readFile", { path: folder.at(name) });
  expect(error).toEqual({ code, message, data: { errno, op: "readFile", path: `file://${folder.at(name)}` } });
});

test("a file that says it is empty and is not is read to its end", async () => {
  verifies("04 F-13");
  const { result } = await call("fs/readFile", { path: "/proc/sys/kernel/ostype" });
  expect(result).toEqual({ dataBase64: base64("Linux\n") });
  const maps = await call("fs/readFile", { path: "/proc/self/maps" });
  expect(Buffer.from(maps.result?.dataBase64 ?? "", "base64").toString()).toContain("[stack]");
});

test("content that outgrows every guess still arrives whole", async () => {
  await using folder = await tempFolder();
  const content = "0123456789abcdef".repeat(20_000);
  await writeFile(folder.at("big"), content);
  expect((await call("fs/readFile", { path: folder.at("big") })).result?.dataBase64).toBe(base64(content));
});

test("a file at the limit is read and one byte more is refused before it is read", async () => {
  verifies("04 F-13");
  await using folder = await tempFolder();
  const limited = fileCalls({ readLimitBytes: 1_000 });
  await writeFile(folder.at("f"), Buffer.alloc(1_000));
  expect((await limited("fs/readFile", { path: folder.at("f") })).result?.dataBase64).toHaveLength(1_336);
  await appendFile(folder.at("f"), "x");
  expect((await limited("fs/readFile", { path: folder.at("f") })).error).toMatchObject({
    code: -32600,
    message: "file is too large to read: limit is 1000 bytes",
  });
});

test("a file that turns out larger than it says is refused at the limit", async () => {
  verifies("04 F-13");
  const limited = fileCalls({ readLimitBytes: 16 });
  expect((await limited("fs/readFile", { path: "/proc/self/maps" })).error).toMatchObject({
    code: -32600,
    message: "file is too large to read: limit is 16 bytes",
  });
});

test("by default the answer fits a message of 64 MiB, and a larger file is refused without being read", async () => {
  verifies("04 F-13");
  expect(Math.ceil(defaultReadLimitBytes / 3) * 4).toBeLessThanOrEqual(60 * 1024 * 1024 - 64 * 1024);
  expect(defaultReadLimitBytes).toBeGreaterThan(44 * 1024 * 1024);
  await using folder = await tempFolder();
  await writeFile(folder.at("sparse"), "");
  await truncate(folder.at("sparse"), 2 ** 40);
  expect((await call("fs/readFile", { path: folder.at("sparse") })).error).toMatchObject({
    code: -32600,
    message: `file is too large to read: limit is ${defaultReadLimitBytes} bytes`,
  });
});
