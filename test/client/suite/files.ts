import { randomBytes } from "node:crypto";
import { mkdtempDisposable, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { RpcError, TooLargeError } from "../../../src/index.ts";
import type { Venue } from "./venue.ts";

const folder = () => mkdtempDisposable(join(tmpdir(), "proctor-files-"));

/** The files of the executor's host. */
export function fileTests(venue: Venue): void {
  describe("files", () => {
    it("what is written is read back, text and 5 MB of bytes, by path and by URL", async () => {
      await using link = await venue.open();
      await using at = await folder();
      const bytes = randomBytes(5_000_000);
      await link.files.writeFile(join(at.path, "bytes"), bytes);
      expect(Buffer.from(await link.files.readFile(join(at.path, "bytes"))).equals(bytes)).toBe(true);
      expect((await readFile(join(at.path, "bytes"))).equals(bytes)).toBe(true);
      const url = pathToFileURL(join(at.path, "é ✓ %41"));
      await link.files.writeFile(url, "grüße");
      expect(await link.files.readTextFile(join(at.path, "é ✓ %41"))).toBe("grüße");
      await link.files.writeFile(url, "");
      expect(await link.files.readFile(url)).toHaveLength(0);
    });

    it("text that is none is a TypeError", async () => {
      await using link = await venue.open();
      await using at = await folder();
      await writeFile(join(at.path, "f"), Uint8Array.of(0xff, 0xfe));
      await expect(link.files.readTextFile(join(at.path, "f"))).rejects.toBeInstanceOf(TypeError);
    });

    it("what does not fit a message is refused here, and not sent", async () => {
      await using link = await venue.open();
      const tooMuch = new Uint8Array(45 * 1024 * 1024);
      const failure = await link.files.writeFile("/tmp/never", tooMuch).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(TooLargeError);
      expect(failure).toMatchObject({ method: "fs/writeFile", bytes: tooMuch.length, effect: "notApplied" });
      expect((await link.files.stat("/")).isDirectory).toBe(true);
    });

    it("directories are made with their parents, listed, copied and removed", async () => {
      await using link = await venue.open();
      await using at = await folder();
      const { files } = link;
      const deep = join(at.path, "a/b/c");
      await files.createDirectory(deep);
      await files.createDirectory(deep);
      await files.writeFile(join(deep, "f"), "x");
      expect((await files.list(deep)).map(({ name, isFile }) => ({ name, isFile }))).toEqual([
        { name: "f", isFile: true },
      ]);
      expect(await files.list(join(at.path, "a"))).toMatchObject([{ name: "b", isDirectory: true, isFile: false }]);
      await files.copy(join(at.path, "a"), join(at.path, "copy"), { recursive: true });
      expect(await files.readTextFile(join(at.path, "copy/b/c/f"))).toBe("x");
      await files.copy(join(deep, "f"), join(deep, "g"));
      await files.remove(join(deep, "g"));
      await files.remove(join(at.path, "a"), { recursive: true });
      await expect(files.stat(join(at.path, "a"))).rejects.toMatchObject({ code: "notFound" });
    });

    it("links are told apart from what they lead to (04 F-23, F-28)", async () => {
      await using link = await venue.open();
      await using at = await folder();
      await writeFile(join(at.path, "target"), "12345");
      await symlink("target", join(at.path, "link"));
      expect(await link.files.stat(join(at.path, "link"))).toMatchObject({ isSymlink: true, isFile: true, size: 5 });
      expect(await link.files.realpath(join(at.path, "link"))).toBe(await link.files.realpath(join(at.path, "target")));
      const { modifiedAtMs } = await link.files.stat(join(at.path, "target"));
      expect(Math.abs(modifiedAtMs - Date.now())).toBeLessThan(60_000);
    });

    it("what is not there is an RpcError notFound, for every method", async () => {
      await using link = await venue.open();
      const { files } = link;
      const missing = "/no/such/thing";
      for (const call of [
        () => files.readFile(missing),
        () => files.readTextFile(missing),
        () => files.writeFile(missing, "x"),
        () => files.stat(missing),
        () => files.realpath(missing),
        () => files.list(missing),
        () => files.remove(missing),
        () => files.copy(missing, "/tmp/x"),
        () => files.createDirectory(missing, { recursive: false }),
      ]) {
        const failure = await call().catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(RpcError);
        expect(failure).toMatchObject({ code: "notFound", rpcCode: -32004, effect: "notApplied" });
      }
      await files.remove(missing, { force: true });
    });

    it("other refusals are typed as well", async () => {
      await using link = await venue.open();
      await using at = await folder();
      const { files } = link;
      await files.writeFile(join(at.path, "f"), "x");
      await files.createDirectory(join(at.path, "d"));
      for (const call of [
        () => files.readFile(at.path),
        () => files.list(join(at.path, "f")),
        () => files.createDirectory(join(at.path, "d"), { recursive: false }),
        () => files.copy(join(at.path, "d"), join(at.path, "e")),
      ]) {
        await expect(call()).rejects.toBeInstanceOf(RpcError);
      }
      await expect(files.readFile("not/absolute")).rejects.toThrow(/absolute/);
    });
  });
}
