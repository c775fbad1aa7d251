import { expect, test } from "vitest";
import type { WireParams } from "../../../src/protocol/methods.ts";
import { verifies } from "../../rules/verifies.ts";
import { base64, type FileCall, fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";

type Sandbox = WireParams<"fs/open">["sandbox"];

async function open(call: FileCall, path: string): Promise<(offset: number, len: number) => Promise<unknown>> {
  expect(await call("fs/open", { handleId: "h", path })).toEqual({ result: { handleId: "h" } });
  return async (offset, len) => {
    const { result, error } = await call("fs/readBlock", { handleId: "h", offset, len });
    return result ?? error;
  };
}

test("a handle stays with its file when the path is replaced, renamed or removed", async () => {
  verifies("04 F-48");
  await using folder = await tempFolder();
  await folder.sh("printf old > a; printf new > b");
  const read = await open(fileCalls(), folder.at("a"));
  await folder.sh("mv b a");
  expect(await read(0, 3)).toEqual({ chunk: base64("old"), eof: false });
  await folder.sh("rm a");
  expect(await read(1, 3)).toEqual({ chunk: base64("ld"), eof: true });
});

test("a file that grows or shrinks is seen to: an end was not final", async () => {
  verifies("04 F-48");
  await using folder = await tempFolder();
  await folder.sh("printf abc > f");
  const read = await open(fileCalls(), folder.at("f"));
  expect(await read(3, 3)).toEqual({ chunk: "", eof: true });
  await folder.sh("printf def >> f");
  expect(await read(3, 3)).toEqual({ chunk: base64("def"), eof: false });
  await folder.sh(": > f");
  expect(await read(0, 3)).toEqual({ chunk: "", eof: true });
});

test("blocks of a large file put together are the file, in any order and at once", async () => {
  verifies("04 F-45");
  await using folder = await tempFolder();
  await folder.sh("head -c 3000001 /dev/urandom > f");
  const call = fileCalls();
  await open(call, folder.at("f"));
  const blocks = await Promise.all(
    [2, 0, 1].map(async (index) => {
      const { result } = await call("fs/readBlock", { handleId: "h", offset: index * 1_048_576, len: 1_048_576 });
      return { index, result };
    }),
  );
  const ordered = blocks.toSorted((a, b) => a.index - b.index);
  expect(ordered.map(({ result }) => result?.eof)).toEqual([false, false, true]);
  const whole = await call("fs/readFile", { path: folder.at("f") });
  const together = Buffer.concat(ordered.map(({ result }) => Buffer.from(result?.chunk ?? "", "base64")));
  expect(together.toString("base64") === whole.result?.dataBase64).toBe(true);
});

test("an id may have 32 bytes of UTF-8, also none, in all three methods", async () => {
  verifies("04 F-42");
  await using folder = await tempFolder();
  await folder.sh("printf x > f");
  const call = fileCalls();
  const message = "file read handle ID must not exceed 32 bytes";
  for (const handleId of ["x".repeat(33), "ä".repeat(17)]) {
    for (const answer of [
      await call("fs/open", { handleId, path: folder.at("none") }),
      await call("fs/readBlock", { handleId, offset: 0, len: 0 }),
      await call("fs/close", { handleId }),
    ]) {
      expect(answer.error).toMatchObject({ code: -32600, message });
    }
  }
  for (const handleId of ["", "ä".repeat(16)]) {
    expect(await call("fs/open", { handleId, path: folder.at("f") })).toEqual({ result: { handleId } });
  }
});

test("a sandbox that would have to be enforced is refused before the file is looked for", async () => {
  verifies("04 F-49", "04 F-53");
  await using folder = await tempFolder();
  await folder.sh("printf x > f");
  const call = fileCalls(); // on a host that cannot confine file operations
  const restricted = {
    permissions: {
      type: "managed",
      file_system: {
        type: "restricted",
        entries: [{ path: { type: "path", path: `file://${folder.path}` }, access: "read" }],
      },
      network: "restricted",
    },
    windowsSandboxLevel: "disabled",
  } satisfies Sandbox;
  const refused = await call("fs/open", { handleId: "h", path: folder.at("none"), sandbox: restricted });
  expect(refused.error).toMatchObject({
    code: -32600,
    message: "sandboxed filesystem operations are not supported on this executor",
  });
  const free = { permissions: { type: "disabled" }, windowsSandboxLevel: "disabled" } satisfies Sandbox;
  expect(await call("fs/open", { handleId: "h", path: folder.at("f"), sandbox: free })).toEqual({
    result: { handleId: "h" },
  });
});
