import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { nodeFileHost } from "../../../src/executor/files/node-file-host.ts";
import { base64Fault } from "../../../src/executor/requests/base64-fault.ts";
import type { FileHost } from "../../../src/ports/file-host.ts";
import { decodeBase64 } from "../../../src/protocol/base64.ts";
import type { WireParams } from "../../../src/protocol/methods.ts";
import { verifies } from "../../rules/verifies.ts";
import { base64, type FileMethod, fileCalls } from "../files/file-calls.ts";
import { tempFolder } from "../files/temp-folder.ts";

const call = fileCalls();

test.each([
  ["YWI", "Invalid padding"],
  ["YWI==", "Invalid symbol 61, offset 3."],
  ["-_-_", "Invalid symbol 45, offset 0."],
  ["YWJj\n", "Invalid symbol 10, offset 4."],
  ["YW Jj", "Invalid symbol 32, offset 2."],
  ["*", "Invalid symbol 42, offset 0."],
  ["YWJ=", "Invalid last symbol 74, offset 2."],
  ["Y", "Invalid input length: 1"],
  ["YQ==YQ==", "Invalid symbol 61, offset 2."],
  ["YWJjä", "Invalid symbol 195, offset 4."],
])("data %j is no base64: %s", async (dataBase64, fault) => {
  verifies("04 F-15");
  await using folder = await tempFolder();
  const { error } = await call("fs/writeFile", { path: folder.at("f"), dataBase64 });
  expect(error).toMatchObject({
    code: -32600,
    message: `fs/writeFile requires valid base64 dataBase64: ${fault}`,
  });
  expect(await folder.sh("ls")).toBe("");
});

test("every fault that the decoder finds has words", () => {
  const symbols = ["A", "B", "/", "=", "-", "*"];
  let texts = [""];
  for (let length = 1; length <= 5; length++) {
    texts = texts.flatMap((text) => symbols.map((symbol) => text + symbol));
    for (const text of texts) {
      if (decodeBase64(text) === undefined) expect(base64Fault(text), text).not.toContain("undefined");
    }
  }
});

test("the data is looked at before the path is converted", async () => {
  verifies("04 F-15");
  const { error } = await call("fs/writeFile", { path: "file:///C:/x", dataBase64: "*" });
  expect(error?.message).toContain("valid base64");
});

const everyMethod: readonly (readonly [FileMethod, (path: string) => object])[] = [
  ["fs/readFile", (path) => ({ path })],
  ["fs/writeFile", (path) => ({ path, dataBase64: "" })],
  ["fs/createDirectory", (path) => ({ path })],
  ["fs/getMetadata", (path) => ({ path })],
  ["fs/canonicalize", (path) => ({ path })],
  ["fs/readDirectory", (path) => ({ path })],
  ["fs/remove", (path) => ({ path })],
  ["fs/copy", (path) => ({ sourcePath: "file:///nowhere", destinationPath: path, recursive: true })],
];

test.each(everyMethod)("%s refuses a path of another system and one with a NUL", async (method, params) => {
  verifies("04 P-21", "04 P-32", "04 F-5");
  for (const path of ["file:///C:/x", "file://server/share"]) {
    const { error } = await call(method, params(path) as WireParams<typeof method>);
    expect(error).toMatchObject({ code: -32600, message: `'${path}' is invalid on 'linux'` });
  }
  const opaque = `file:///%00/bad/path/${Buffer.from("/tmp/a\0b").toString("base64url")}`;
  const { error } = await call(method, params(opaque) as WireParams<typeof method>);
  expect(error).toMatchObject({ code: -32600, message: "file name contained an unexpected NUL byte" });
});

test.each(everyMethod)(
  "%s takes an object with what it needs, and ignores what it does not know",
  async (method, params) => {
    verifies("04 F-3");
    const known = params("file:///C:/x"); // decodes, and is then refused by what it names
    const answer = (params: unknown) => call(method, params as WireParams<typeof method>);
    for (const unusable of [undefined, null, "file:///x", 1]) {
      expect((await answer(unusable)).error).toMatchObject({ code: -32602 });
    }
    for (const name of Object.keys(known)) {
      const { [name]: _, ...rest } = known as Record<string, unknown>;
      expect((await answer(rest)).error).toMatchObject({ code: -32602, message: `missing field \`${name}\`` });
      expect((await answer({ ...known, [name]: null })).error?.code).toBe(-32602);
    }
    for (const more of [{}, { unknown: 1 }, { sandbox: null }]) {
      expect((await answer({ ...known, ...more })).error).toMatchObject({ code: -32600 });
    }
  },
);

test("a host that is called directly refuses a NUL too", async () => {
  const reading = { limitBytes: 1, buffer: new Uint8Array(2), expect: () => undefined, take: () => undefined };
  await expect(nodeFileHost.readFile("/tmp/a\0b", reading)).rejects.toMatchObject({ code: "fileRefused" });
  await expect(nodeFileHost.copy("/tmp/a", Buffer.from("/b\0"), { recursive: false })).rejects.toMatchObject({
    message: "file name contained an unexpected NUL byte",
  });
});

const context = (permissions: object) => ({ permissions, windowsSandboxLevel: "disabled" });
const managed = (file_system: object) => context({ type: "managed", file_system, network: "restricted" });
const root = (access: string) => ({ path: { type: "special", value: { kind: "root" } }, access });

test.each(everyMethod)("%s under a sandbox that its host cannot enforce touches nothing", async (method, params) => {
  const untouchable = new Proxy(nodeFileHost, {
    get: (host, name) => (name === "os" ? host.os : () => Promise.reject(new Error(`${String(name)} was called`))),
  });
  const sandbox = managed({ type: "restricted", entries: [root("read")] });
  const { error } = await fileCalls({ host: untouchable })(method, {
    ...params("file:///tmp/x"),
    sandbox,
  } as unknown as WireParams<typeof method>);
  expect(error).toMatchObject({
    code: -32600,
    message: "sandboxed filesystem operations are not supported on this executor",
  });
});

test.each([
  ["disabled", context({ type: "disabled" })],
  ["external", context({ type: "external", network: "restricted" })],
  ["unrestricted", managed({ type: "unrestricted" })],
  ["write on the root", managed({ type: "restricted", entries: [root("write")] })],
])("a profile with nothing to enforce runs directly: %s", async (_name, sandbox) => {
  verifies("04 F-52");
  await using folder = await tempFolder();
  const params = { path: folder.at("f"), dataBase64: base64("x"), sandbox };
  expect(await call("fs/writeFile", params as never)).toEqual({ result: {} });
  expect(await readFile(folder.at("f"), "utf8")).toBe("x");
});

test("a permission path of another system is refused by name, even next to write on the root", async () => {
  const foreign = { path: { type: "path", path: "file:///C:/x" }, access: "write" };
  const sandbox = managed({ type: "restricted", entries: [root("write"), foreign] });
  const { error } = await call("fs/readFile", { path: "/tmp/x", sandbox } as never);
  expect(error).toMatchObject({
    code: -32600,
    message: "invalid sandbox permission path URI: 'file:///C:/x' is invalid on 'linux'",
  });
});

test("the operation's own path is converted before the sandbox is looked at", async () => {
  const sandbox = managed({ type: "restricted", entries: [] });
  const { error } = await call("fs/readFile", { path: "file:///C:/x", sandbox } as never);
  expect(error?.message).toBe("'file:///C:/x' is invalid on 'linux'");
});

test("requests sent together see each other's effects in the order in which they were sent", async () => {
  verifies("04 F-7", "04 F-9");
  await using folder = await tempFolder();
  const path = folder.at("a/f");
  const answers = await Promise.all([
    call("fs/createDirectory", { path: folder.at("a") }),
    call("fs/writeFile", { path, dataBase64: base64("1") }),
    call("fs/readFile", { path }),
    call("fs/writeFile", { path, dataBase64: base64("2") }),
    call("fs/copy", { sourcePath: folder.at("a"), destinationPath: folder.at("b"), recursive: true }),
    call("fs/remove", { path: folder.at("a") }),
    call("fs/readFile", { path }),
    call("fs/readFile", { path: folder.at("b/f") }),
  ]);
  const ok = { result: {} };
  expect(answers).toMatchObject([
    ok,
    ok,
    { result: { dataBase64: base64("1") } },
    ok,
    ok,
    ok,
    { error: { code: -32004 } },
    { result: { dataBase64: base64("2") } },
  ]);
});

test("a slow operation delays nobody who is elsewhere", async () => {
  verifies("04 F-7");
  const slow = Promise.withResolvers<void>();
  const host: FileHost = { ...nodeFileHost, copy: () => slow.promise };
  const calls = fileCalls({ host });
  const copying = calls("fs/copy", { sourcePath: "/a", destinationPath: "/b", recursive: true });
  expect((await calls("fs/getMetadata", { path: "/tmp" })).result).toMatchObject({ isDirectory: true });
  slow.resolve();
  expect(await copying).toEqual({ result: {} });
});

test("what waits when the connection ends is discarded, and what has begun finishes", async () => {
  verifies("04 F-8");
  const slow = Promise.withResolvers<void>();
  const abort = new AbortController();
  const removed: unknown[] = [];
  const host: FileHost = {
    ...nodeFileHost,
    writeFile: () => slow.promise,
    remove: async (path) => void removed.push(path),
  };
  const calls = fileCalls({ host, signal: abort.signal });
  const writing = calls("fs/writeFile", { path: "/f", dataBase64: "" });
  const removing = calls("fs/remove", { path: "/f" });
  abort.abort(new Error("connection gone"));
  await expect(removing).rejects.toThrow("connection gone");
  slow.resolve();
  expect(await writing).toEqual({ result: {} });
  expect(removed).toEqual([]);
});

test("a fault that is no file error is passed on as it is", async () => {
  const host: FileHost = { ...nodeFileHost, metadata: () => Promise.reject(new TypeError("a bug")) };
  await expect(fileCalls({ host })("fs/getMetadata", { path: "/f" })).rejects.toThrow("a bug");
});
