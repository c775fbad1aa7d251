import { mkdir, symlink } from "node:fs/promises";
import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { fileCalls } from "./file-calls.ts";
import { tempFolder } from "./temp-folder.ts";

const call = fileCalls();

test("every link on the way is resolved", async () => {
  verifies("04 F-28", "04 P-23");
  await using folder = await tempFolder();
  await folder.sh("mkdir d; : > d/f; ln -s d/f link; ln -s link link2; ln -s d dlink");
  for (const name of ["d/f", "link", "link2", "dlink/f", "d//f", "dlink/../d/f"]) {
    const { result } = await call("fs/canonicalize", { path: `file://${folder.path}/${name}` });
    expect(result, name).toEqual({ path: `file://${folder.at("d/f")}` });
  }
});

test("no trailing slash is left, and the root stays the root", async () => {
  verifies("04 F-28");
  await using folder = await tempFolder();
  expect((await call("fs/canonicalize", { path: `file://${folder.path}/` })).result?.path).toBe(
    `file://${folder.path}`,
  );
  expect((await call("fs/canonicalize", { path: "file:///" })).result).toEqual({ path: "file:///" });
});

test("names keep their bytes as escapes", async () => {
  verifies("04 F-29", "04 P-26", "04 P-51");
  await using folder = await tempFolder();
  await mkdir(Buffer.concat([Buffer.from(folder.at("n")), Buffer.from([0xff, 0x0a])]));
  await symlink(Buffer.concat([Buffer.from("n"), Buffer.from([0xff, 0x0a])]), folder.at("link"));
  const { result } = await call("fs/canonicalize", { path: folder.at("link") });
  expect(result).toEqual({ path: `file://${folder.path}/n%FF%0A` });
  expect((await call("fs/canonicalize", { path: result?.path ?? "" })).result).toEqual(result);
});

test("what does not exist has no canonical path", async () => {
  verifies("04 F-28");
  await using folder = await tempFolder();
  await folder.sh(": > f; ln -s nowhere broken; ln -s loop loop");
  const codes = { nope: -32004, broken: -32004, loop: -32603, "f/x": -32603 };
  for (const [name, code] of Object.entries(codes)) {
    expect((await call("fs/canonicalize", { path: folder.at(name) })).error, name).toMatchObject({ code });
  }
});
