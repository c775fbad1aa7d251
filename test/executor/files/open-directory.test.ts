import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { nodeFileHost } from "../../../src/executor/files/node-file-host.ts";
import { OpenDirectory } from "../../../src/executor/files/open-directory.ts";
import { placeOf } from "../../../src/executor/files/place.ts";
import { tempFolder } from "./temp-folder.ts";

const noFollow = { follow: false };

test("work stays in the directory that was opened, when a link to elsewhere takes over its name", async () => {
  await using folder = await tempFolder();
  await folder.sh("mkdir d outside; : > d/mine; : > outside/theirs");
  await using directory = await OpenDirectory.open(placeOf(folder.at("d")), "remove", noFollow);
  await folder.sh("mv d moved; ln -s outside d");
  expect((await directory.entries()).map((entry) => entry.name.toString())).toEqual(["mine"]);
  await writeFile(directory.entry(Buffer.from("new")).at, "");
  expect(await folder.sh("ls outside moved")).toBe("moved:\nmine\nnew\n\noutside:\ntheirs\n");
});

test("errors name the path as it was given, not the descriptor", async () => {
  await using folder = await tempFolder();
  await using directory = await OpenDirectory.open(placeOf(folder.path), "copy", noFollow);
  const inner = directory.entry(Buffer.from("f"));
  expect(inner.path.toString()).toBe(folder.at("f"));
  await expect(OpenDirectory.open(inner, "copy", noFollow)).rejects.toMatchObject({
    errno: "ENOENT",
    op: "copy",
    path: Buffer.from(folder.at("f")),
  });
});

test("a link to a directory is opened only when links are followed", async () => {
  await using folder = await tempFolder();
  await folder.sh("mkdir d; : > d/in; ln -s d link");
  await expect(OpenDirectory.open(placeOf(folder.at("link")), "copy", noFollow)).rejects.toMatchObject({
    errno: "ENOTDIR",
  });
  await using directory = await OpenDirectory.open(placeOf(folder.at("link")), "copy", { follow: true });
  expect(await directory.entries()).toHaveLength(1);
});

test("nothing stays open after a tree was copied and removed", async () => {
  await using folder = await tempFolder();
  await folder.sh("mkdir -p t/a/b t/c; printf x > t/a/f; printf y > t/a/b/g; mkdir u; : > u/a");
  await nodeFileHost.copy(folder.at("t"), folder.at("v"), { recursive: true });
  await expect(nodeFileHost.copy(folder.at("t"), folder.at("u"), { recursive: true })).rejects.toThrow("File exists");
  await nodeFileHost.remove(folder.at("t"), { recursive: true, force: false });
  const open = await folder.sh(`ls -l /proc/${process.pid}/fd`);
  expect(open).not.toContain(folder.path);
});
