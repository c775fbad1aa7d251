import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../../src/executor/node-host.ts";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor } from "./confined-executor.ts";
import { confinedProcesses, helperProcesses } from "./helper-processes.ts";
import { at, readOnly, sandboxOf, special, workspace } from "./profiles.ts";

let executor: ConfinedExecutor;
let folder: string;
let w: string;
beforeEach(async () => {
  executor = await ConfinedExecutor.start();
  folder = mkdtempSync("/var/tmp/proctor-confined-files-");
  w = join(folder, "w");
  mkdirSync(join(w, ".git"), { recursive: true }); // a workspace whose names need no masks
  for (const name of [".agents", ".codex"]) mkdirSync(join(w, name));
  writeFileSync(join(w, "f"), "inside");
  writeFileSync(join(folder, "secret"), "SECRET");
});
afterEach(async () => {
  await executor[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const uri = (...parts: readonly string[]) => `file://${join(folder, ...parts)}`;
const base64 = (text: string) => Buffer.from(text).toString("base64");
const walkOptions = { maxDepth: 9, maxDirectories: 99, maxEntries: 99, followDirectorySymlinks: false };

/** Resolves with the code and errno of a refusal, or with the result. */
async function told(method: string, params: object, peer = executor.peer) {
  const answer = await peer.answer(method, params);
  if (!("error" in answer)) return answer.result;
  const { rpcCode, data, message } = answer.error;
  return { rpcCode, message, errno: (data as { errno?: string } | undefined)?.errno }; // as file-errors.ts writes it
}

const erofs = { rpcCode: -32603, errno: "EROFS" };
const missing = { rpcCode: -32004, errno: "ENOENT" };

test("every method answers inside what it answers without a sandbox", async () => {
  verifies("04 F-55");
  symlinkSync("f", join(w, "link"));
  mkdirSync(join(w, "d"));
  writeFileSync(join(w, "d", Buffer.from([0x6e, 0xff]).toString("latin1")), "x");
  const calls: readonly (readonly [string, object])[] = [
    ["fs/readFile", { path: uri("w/f") }],
    ["fs/readFile", { path: uri("w/d") }],
    ["fs/readFile", { path: uri("w/none") }],
    ["fs/readFile", { path: uri("w/f/below") }],
    ["fs/getMetadata", { path: uri("w/link") }],
    ["fs/canonicalize", { path: uri("w/link") }],
    ["fs/canonicalize", { path: uri("w/none") }],
    ["fs/readDirectory", { path: uri("w") }],
    ["fs/readDirectory", { path: uri("w/d") }],
    ["fs/readDirectory", { path: uri("w/f") }],
    ["fs/walk", { path: uri("w"), options: walkOptions }],
    ["fs/walk", { path: uri("w/none"), options: walkOptions }],
    ["fs/createDirectory", { path: uri("w/f") }],
    ["fs/copy", { sourcePath: uri("w/d"), destinationPath: uri("w/d/in"), recursive: true }],
    ["fs/remove", { path: uri("w/none"), force: false }],
    ["fs/writeFile", { path: uri("w/d"), dataBase64: "" }],
  ];
  for (const [method, params] of calls) {
    const free = await told(method, params);
    expect(await told(method, { ...params, sandbox: workspace(w) }), method).toEqual(free);
  }
});

test("what is writable is written, copied, made and removed, and nothing else is", async () => {
  verifies("04 F-55", "05 SB-F5");
  const sandbox = workspace(w);
  expect(await told("fs/writeFile", { path: uri("w/n"), dataBase64: base64("new"), sandbox })).toEqual({});
  expect(await told("fs/writeFile", { path: uri("w/n"), dataBase64: base64("newer"), atomic: true, sandbox })).toEqual(
    {},
  );
  const copy = { sourcePath: uri("secret"), destinationPath: uri("w/copied"), recursive: false };
  expect(await told("fs/copy", { ...copy, sandbox })).toEqual({});
  expect(await told("fs/createDirectory", { path: uri("w/a/b"), sandbox })).toEqual({});
  expect(await told("fs/remove", { path: uri("w/f"), sandbox })).toEqual({});
  expect(readdirSync(w).sort()).toEqual([".agents", ".codex", ".git", "a", "copied", "n"]);
  expect(readFileSync(join(w, "n"), "utf8")).toBe("newer");

  expect(await told("fs/writeFile", { path: uri("n"), dataBase64: "", sandbox })).toMatchObject(erofs);
  expect(await told("fs/writeFile", { path: uri("w/.git/n"), dataBase64: "", sandbox })).toMatchObject(erofs);
  expect(await told("fs/writeFile", { path: uri("secret"), dataBase64: "", atomic: true, sandbox })).toMatchObject(
    erofs,
  );
  expect(await told("fs/createDirectory", { path: uri("d"), sandbox })).toMatchObject(erofs);
  expect(await told("fs/remove", { path: uri("secret"), sandbox })).toMatchObject(erofs);
  const out = { sourcePath: uri("w/n"), destinationPath: uri("out"), recursive: false };
  expect(await told("fs/copy", { ...out, sandbox })).toMatchObject(erofs);
  expect(readdirSync(folder).sort()).toEqual(["secret", "w"]);
});

test("files stream in and out of a sandbox in blocks, and the helper stays as long as one is open", async () => {
  verifies("05 SB-F10", "04 F-57");
  const sandbox = workspace(w);
  const content = Buffer.alloc(2_500_000, "0123456789");
  writeFileSync(join(w, "large"), content);
  expect(await told("fs/open", { handleId: "r", path: uri("w/large"), sandbox })).toEqual({ handleId: "r" });
  const [helper] = helperProcesses();
  const blocks: Buffer[] = [];
  for (let offset = 0, eof = false; !eof; offset += 1_048_576) {
    const answer = await executor.peer.request("fs/readBlock", { handleId: "r", offset, len: 1_048_576 });
    blocks.push(Buffer.from(answer.chunk as Uint8Array)); // decoded where the message was taken apart
    eof = answer.eof === true;
  }
  expect(Buffer.concat(blocks).equals(content)).toBe(true);
  expect(helperProcesses()).toEqual([helper]);
  expect(await told("fs/close", { handleId: "r" })).toEqual({});
  expect(await told("fs/readBlock", { handleId: "r", offset: 0, len: 1 })).toMatchObject({ rpcCode: -32004 });

  expect(await told("fs/open", { handleId: "w", path: uri("w/out"), mode: "replace", sandbox })).toEqual({
    handleId: "w",
  });
  await executor.peer.request("fs/writeBlock", { handleId: "w", offset: 3, chunk: base64("def") });
  await executor.peer.request("fs/writeBlock", { handleId: "w", offset: 0, chunk: base64("abc") });
  await executor.peer.request("fs/close", { handleId: "w" });
  expect(readFileSync(join(w, "out"), "utf8")).toBe("abcdef");
  const refused = { handleId: "x", path: uri("secret"), mode: "replace", sandbox };
  expect(await told("fs/open", refused)).toMatchObject(erofs);
  const hidden = { handleId: "x", path: uri("secret"), sandbox: sandboxOf(null, at(w, "read")) };
  expect(await told("fs/open", hidden)).toMatchObject(missing);
});

test("one helper serves whatever sees the same, and another whatever sees something else (05 SB-F9)", async () => {
  verifies("05 SB-F9", "04 F-57");
  await told("fs/readFile", { path: uri("w/f"), sandbox: readOnly });
  const first = helperProcesses();
  expect(first).toHaveLength(1);
  const other = await executor.connect();
  await told("fs/getMetadata", { path: uri("w/f"), sandbox: readOnly }, other);
  await told("fs/readFile", { path: uri("w/f"), sandbox: workspace(w) }); // to read, that is the same
  expect(helperProcesses()).toEqual(first);
  await told("fs/readFile", { path: uri("w/f"), sandbox: sandboxOf(null, at(w, "read")) });
  expect(helperProcesses()).toHaveLength(2);
});

test("a name that is missing is protected, without a trace when it is over", async () => {
  verifies("05 SB-M1", "05 SB-L13");
  rmSync(join(w, ".git"), { recursive: true });
  const sandbox = workspace(w);
  await told("fs/readFile", { path: uri("w/f"), sandbox });
  expect(readdirSync(w)).not.toContain(".git"); // nothing is put there for the sake of reading
  expect(await told("fs/writeFile", { path: uri("w/n"), dataBase64: "", sandbox })).toEqual({});
  expect(readdirSync(w)).not.toContain(".git");
  expect(await told("fs/createDirectory", { path: uri("w/.git/hooks"), sandbox })).toMatchObject({ rpcCode: -32603 });
  expect(await told("fs/remove", { path: uri("w/.git"), sandbox })).toMatchObject({ rpcCode: -32603 });
  expect(readdirSync(w).sort()).toEqual([".agents", ".codex", "f", "n"]);
});

test("a link that is swapped all the time leads nowhere outside", async () => {
  verifies("05 SB-L9");
  const sandbox = workspace(w);
  const inside = join(w, "inside");
  mkdirSync(inside);
  mkdirSync(join(folder, "outside"));
  const target = join(w, "door");
  let turns = 0;
  const swap = setInterval(() => {
    rmSync(target, { force: true });
    symlinkSync(turns++ % 2 === 0 ? inside : join(folder, "outside"), target);
  }, 0);
  try {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        told("fs/writeFile", { path: uri(`w/door/${n}`), dataBase64: "", sandbox }),
      ),
    );
    for (const answer of answers) {
      if ("rpcCode" in answer) expect(["EROFS", "ENOENT"]).toContain(answer.errno);
    }
  } finally {
    clearInterval(swap);
  }
  expect(readdirSync(join(folder, "outside"))).toEqual([]);
});

test("a hard link in a writable place is written, as the kernel has it; its other name is hidden still", async () => {
  verifies("04 F-55");
  linkSync(join(folder, "secret"), join(w, "hard"));
  const sandbox = sandboxOf(null, at(w, "write"));
  expect(await told("fs/readFile", { path: uri("secret"), sandbox })).toMatchObject(missing);
  expect(await told("fs/writeFile", { path: uri("w/hard"), dataBase64: base64("HL"), sandbox })).toEqual({});
  expect(readFileSync(join(folder, "secret"), "utf8")).toBe("HL");
});

test.each(["/proc/self/root", "/proc/1/root", "/proc/self/cwd", "/proc/thread-self/root"])(
  "%s is the inside of the sandbox",
  async (way) => {
    const sandbox = sandboxOf(null, at(w, "read"));
    expect(await told("fs/readFile", { path: `file://${way}${folder}/secret`, sandbox })).toMatchObject(missing);
    expect(await told("fs/readFile", { path: `file://${way}${w}/f`, sandbox })).toMatchObject({
      dataBase64: base64("inside"),
    });
  },
);

test("a helper shows neither our processes nor our descriptors, and keeps nothing for the next", async () => {
  verifies("05 SB-F9");
  const sandbox = workspace(w);
  expect(await told("fs/getMetadata", { path: `file:///proc/${process.pid}`, sandbox })).toMatchObject(missing);
  for (const place of ["/dev/shm/x", "/dev/x", "/proc/self/mem", "/proc/self/comm"]) {
    expect(await told("fs/writeFile", { path: `file://${place}`, dataBase64: "eA==", sandbox }), place).toMatchObject(
      erofs,
    );
  }
  expect(await told("fs/writeFile", { path: "file:///dev/null", dataBase64: "eA==", sandbox })).toEqual({});
  const helpers = helperProcesses();
  expect(helpers.length).toBeGreaterThan(0);
  for (const pid of helpers) {
    const links = readdirSync(`/proc/${pid}/fd`).map(
      (fd) => [Number(fd), readlinkSync(`/proc/${pid}/fd/${fd}`)] as const,
    );
    for (const [fd, link] of links) {
      if (fd <= 2) expect(link).toMatch(/^pipe:/);
      else expect(link).toMatch(/^(anon_inode:|pipe:|\/dev\/null$|\/proc\/)/); // Node's own
    }
    const ours = new Set(
      readdirSync("/proc/self/fd")
        .flatMap((fd) => linkOf(fd))
        .filter((link) => link.startsWith("socket:")),
    );
    for (const [, link] of links) expect(ours.has(link), link).toBe(false);
  }
});

function linkOf(fd: string): string[] {
  try {
    return [readlinkSync(`/proc/self/fd/${fd}`)];
  } catch {
    return []; // the descriptor through which the directory was read
  }
}

test("a helper has PATH and the temporary directories for its environment, and no more (05 SB-F6)", async () => {
  verifies("05 SB-F6", "04 F-56");
  process.env.PROCTOR_SECRET = "hidden";
  try {
    const answer = await executor.peer.request("fs/readFile", { path: "file:///proc/self/environ", sandbox: readOnly });
    const names = Buffer.from(String(answer.dataBase64), "base64")
      .toString()
      .split("\0")
      .filter(Boolean)
      .map((line) => line.split("=")[0]);
    const expected = ["PATH", "TMPDIR", "TMP", "TEMP"].filter((name) => process.env[name] !== undefined);
    expect(names.sort()).toEqual([...expected, "PWD"].sort());
  } finally {
    delete process.env.PROCTOR_SECRET;
  }
});

test("besides what a profile shows, only the system's programs and libraries and our own code can be read (05 SB-F3)", async () => {
  verifies("05 SB-F3");
  const sandbox = sandboxOf(null, at(w, "read"));
  expect(await told("fs/readFile", { path: uri("w/f"), sandbox })).toMatchObject({ dataBase64: base64("inside") });
  const { entries } = (await executor.peer.request("fs/readDirectory", { path: "file:///", sandbox })) as {
    entries: { fileName: string }[];
  };
  const code = process.execPath.split("/")[1] ?? "";
  const here = import.meta.dirname.split("/")[1] ?? "";
  const system = ["bin", "sbin", "usr", "etc", "lib", "lib64", "nix", "run", "dev", "proc", "var", code, here];
  for (const { fileName } of entries) expect(system).toContain(fileName);
  for (const secret of ["/root", "/home", `${import.meta.dirname}/profiles.ts`, "/var/log"]) {
    expect(await told("fs/getMetadata", { path: `file://${secret}`, sandbox }), secret).toMatchObject(missing);
  }
  const denied = sandboxOf(null, special("root", "read"), at("/etc", "deny"));
  expect(await told("fs/readFile", { path: "file:///etc/passwd", sandbox: denied })).toHaveProperty("rpcCode");
});

test("code of ours that the profile lets be written stays writable (05 SB-F3)", async () => {
  verifies("05 SB-F3");
  const root = join(import.meta.dirname, "../../../src");
  const path = join(root, `written-${process.pid}`);
  const sandbox = sandboxOf(null, special("root", "read"), at(root, "write"));
  try {
    expect(await told("fs/writeFile", { path: `file://${path}`, dataBase64: "", sandbox })).toEqual({});
  } finally {
    unlinkSync(path);
  }
});

test("a workspace that was deleted and made anew is the new one", async () => {
  verifies("05 SB-F9");
  const sandbox = workspace(w);
  await told("fs/writeFile", { path: uri("w/n"), dataBase64: base64("old"), sandbox });
  renameSync(w, join(folder, "old"));
  expect(await told("fs/writeFile", { path: uri("w/n"), dataBase64: "", sandbox })).toMatchObject({
    rpcCode: expect.any(Number),
  });
  mkdirSync(w);
  expect(await told("fs/writeFile", { path: uri("w/n"), dataBase64: base64("new"), sandbox })).toEqual({});
  expect(readFileSync(join(folder, "old/n"), "utf8")).toBe("old");
  expect(readFileSync(join(w, "n"), "utf8")).toBe("new");
});

test("a writable place that somebody inside makes a link of is refused, also for reading", async () => {
  verifies("05 SB-L9");
  mkdirSync(join(w, "sub"));
  const sandbox = workspace(w, at(join(w, "sub"), "write"));
  await told("fs/writeFile", { path: uri("w/sub/n"), dataBase64: "", sandbox });
  rmSync(join(w, "sub"), { recursive: true });
  symlinkSync("..", join(w, "sub"));
  for (const [method, params] of [
    ["fs/writeFile", { path: uri("w/sub/x"), dataBase64: "" }],
    ["fs/readFile", { path: uri("w/f") }],
  ] as const) {
    const answer = await told(method, { ...params, sandbox });
    expect(answer).toMatchObject({ rpcCode: -32600, message: expect.stringContaining("writable symlink") });
  }
  expect(existsSync(join(folder, "x"))).toBe(false);
});

test("the connection that waits alone for a helper that hangs takes it along; the others are served meanwhile (05 SB-V9)", async () => {
  verifies("05 SB-V9", "05 SB-F7", "05 SB-F8", "04 F-56");
  const peer = await executor.connect();
  const narrow = sandboxOf(null, at(w, "read"));
  await told("fs/readFile", { path: uri("w/f"), sandbox: narrow }, peer);
  const [hanging = 0] = helperProcesses();
  process.kill(hanging, "SIGSTOP");
  void peer.answer("fs/readFile", { path: uri("w/f"), sandbox: narrow });
  // On the same connection, and on another one.
  expect(await told("fs/readFile", { path: uri("w/f"), sandbox: readOnly }, peer)).toHaveProperty("dataBase64");
  expect(await told("fs/readFile", { path: uri("w/f"), sandbox: readOnly })).toHaveProperty("dataBase64");
  peer.transport.destroy();
  await expect.poll(() => helperProcesses().includes(hanging)).toBe(false);
  expect(await told("fs/readFile", { path: uri("w/f"), sandbox: readOnly })).toHaveProperty("dataBase64");
});

test("a helper that is killed fails what it was doing, by name, and the next operation has another", async () => {
  verifies("05 SB-F5");
  await told("fs/readFile", { path: uri("w/f"), sandbox: readOnly });
  const [helper = 0] = helperProcesses();
  process.kill(helper, "SIGSTOP");
  const failed = told("fs/readFile", { path: uri("w/f"), sandbox: readOnly });
  await told("fs/getMetadata", { path: uri("w/f") }); // by then the other one is on its way
  process.kill(helper, "SIGKILL");
  expect(await failed).toMatchObject({
    rpcCode: -32603,
    message: expect.stringMatching(/^fs sandbox helper failed with status 137/),
  });
  expect(await told("fs/readFile", { path: uri("w/f"), sandbox: readOnly })).toHaveProperty("dataBase64");
});

test("without bubblewrap nothing is read, and the refusal says what to install", async () => {
  verifies("05 SB-N1", "05 SB-F1");
  const bare = posixProcessHost({ sandbox: { searchPath: "/nonexistent" } });
  await using host = await ConfinedExecutor.on({ ...nodeHost(), fileHelpers: bare.fileHelpers });
  for (const method of ["fs/readFile", "fs/open"]) {
    const answer = await told(method, { handleId: "h", path: uri("w/f"), sandbox: readOnly }, host.peer);
    expect(answer).toMatchObject({ rpcCode: -32600, message: expect.stringContaining("install bubblewrap") });
  }
  expect(await told("fs/readFile", { path: uri("w/f") }, host.peer)).toHaveProperty("dataBase64");
  bare[Symbol.dispose]();
});

test("an executor that is closed leaves no helper", async () => {
  await told("fs/readFile", { path: uri("w/f"), sandbox: readOnly });
  await told("fs/open", { handleId: "h", path: uri("w/f"), sandbox: sandboxOf(null, at(w, "read")) });
  expect(confinedProcesses().length).toBeGreaterThan(0);
  await executor[Symbol.asyncDispose]();
  expect(confinedProcesses()).toEqual([]);
});
