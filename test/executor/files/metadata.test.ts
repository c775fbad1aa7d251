import { lutimes, stat, truncate } from "node:fs/promises";
import { expect, test } from "vitest";
import { wholeMs } from "../../../src/executor/files/metadata.ts";
import { verifies } from "../../rules/verifies.ts";
import { fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";

const call = fileCalls();

async function kindOf(path: string) {
  const { result, error } = await call("fs/getMetadata", { path });
  if (result === undefined) return error;
  return [result.isDirectory, result.isFile, result.isSymlink];
}

test("kind, size and times are those of the target, and a link is marked", async () => {
  verifies("04 F-23", "04 F-25");
  await using folder = await tempFolder();
  await folder.sh(
    "printf 123456 > f; mkdir d; ln -s f link; ln -s d dlink; mkfifo fifo; touch -d @1700000000.123999 f",
  );
  await lutimes(folder.at("link"), 1, 1);
  expect(await kindOf(folder.at("f"))).toEqual([false, true, false]);
  expect(await kindOf(folder.at("d"))).toEqual([true, false, false]);
  expect(await kindOf(folder.at("dlink"))).toEqual([true, false, true]);
  expect(await kindOf(`file://${folder.path}/dlink/`)).toEqual([true, false, true]);
  expect(await kindOf(folder.at("fifo"))).toEqual([false, false, false]);
  const { result } = await call("fs/getMetadata", { path: folder.at("link") });
  expect(result).toMatchObject({ isFile: true, isSymlink: true, size: 6, modifiedAtMs: 1_700_000_000_123 });
});

test("the birth time is told where the file system keeps it", async () => {
  verifies("04 F-26");
  await using folder = await tempFolder();
  await folder.sh(": > f");
  const { result } = await call("fs/getMetadata", { path: folder.at("f") });
  expect(result?.createdAtMs).toBe(Math.floor((await stat(folder.at("f"))).birthtimeMs));
  expect(result?.createdAtMs).toBeGreaterThan(1_600_000_000_000);
});

test("a file system without birth times says 0", async () => {
  verifies("04 F-26");
  expect((await call("fs/getMetadata", { path: "/proc/version" })).result?.createdAtMs).toBe(0);
});

test("a sparse file has its logical size, beyond what 32 bits hold", async () => {
  verifies("04 F-24");
  await using folder = await tempFolder();
  await folder.sh(": > f");
  await truncate(folder.at("f"), 2 ** 40 + 1);
  expect((await call("fs/getMetadata", { path: folder.at("f") })).result?.size).toBe(2 ** 40 + 1);
});

test("times before 1970 are 0", async () => {
  verifies("04 F-25");
  await using folder = await tempFolder();
  await folder.sh(": > f; touch -d '1960-01-01' f");
  expect((await call("fs/getMetadata", { path: folder.at("f") })).result?.modifiedAtMs).toBe(0);
});

test("times are cut to whole milliseconds and never rounded", () => {
  verifies("04 F-25");
  expect(wholeMs(123_456_789_012_345n)).toBe(123_456_789);
  expect(wholeMs(123_999_999n)).toBe(123);
  expect(wholeMs(-1n)).toBe(0);
  expect(wholeMs(9_000_000_000_000_000_000n)).toBe(9_000_000_000_000);
  expect(wholeMs(2n ** 93n)).toBe(Number.MAX_SAFE_INTEGER);
});

test("a broken link, a loop and a name below a file have no metadata", async () => {
  verifies("04 F-23");
  await using folder = await tempFolder();
  await folder.sh("ln -s nowhere broken; ln -s loop loop; : > f");
  expect(await kindOf(folder.at("broken"))).toMatchObject({ code: -32004 });
  expect(await kindOf(folder.at("loop"))).toMatchObject({ code: -32603 });
  expect(await kindOf(folder.at("f/x"))).toMatchObject({ code: -32603, data: { errno: "ENOTDIR", op: "getMetadata" } });
});
