import { randomBytes } from "node:crypto";
import { mkdtempDisposable, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { RpcError, TooLargeError, UnsupportedError } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
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

    it("a file of any size is read as a stream, whole, in part, and empty (04 F-50)", async () => {
      verifies("04 F-50");
      await using link = await venue.open();
      await using at = await folder();
      const path = join(at.path, "f");
      const bytes = randomBytes(7_000_001);
      await writeFile(path, bytes);
      const { files } = link;
      expect((await buffer(files.createReadStream(path))).equals(bytes)).toBe(true);
      const part = await buffer(files.createReadStream(path, { offset: 1_000_000, length: 4_000_000 }));
      expect(part.equals(bytes.subarray(1_000_000, 5_000_000))).toBe(true);
      expect(await buffer(files.createReadStream(path, { offset: 7_000_000, length: 5 }))).toHaveLength(1);
      expect(await buffer(files.createReadStream(path, { offset: 8_000_000 }))).toHaveLength(0);
      expect(await buffer(files.createReadStream(path, { length: 0 }))).toHaveLength(0);
      await expect(buffer(files.createReadStream(join(at.path, "none")))).rejects.toMatchObject({ code: "notFound" });
    });

    it("a stream that is left early gives its handle back: more than 128 in a row", async () => {
      await using link = await venue.open();
      await using at = await folder();
      await writeFile(join(at.path, "f"), randomBytes(3_000_000));
      for (let round = 0; round < 150; round++) {
        for await (const piece of link.files.createReadStream(join(at.path, "f"))) {
          expect(piece.length).toBeGreaterThan(0);
          break;
        }
      }
    });

    it("a file is written as a stream, of small pieces and large ones, over what was there", async () => {
      await using link = await venue.open();
      await using at = await folder();
      const path = join(at.path, "f");
      if (venue.isReference) {
        // A link knows at once, an environment when it has a link.
        const write = async () => link.files.createWriteStream(path).getWriter().write("x");
        await expect(write()).rejects.toBeInstanceOf(UnsupportedError);
        return;
      }
      await writeFile(path, randomBytes(9_000_000));
      const writer = link.files.createWriteStream(path).getWriter();
      const large = randomBytes(5_000_000);
      await writer.write("héad ");
      await writer.write(large);
      await writer.write(new Uint8Array());
      await writer.write("tail");
      await writer.close();
      const expected = Buffer.concat([Buffer.from("héad "), large, Buffer.from("tail")]);
      expect((await readFile(path)).equals(expected)).toBe(true);
      const nowhere = link.files.createWriteStream(join(at.path, "no/such/folder")).getWriter();
      await expect(nowhere.write("x")).rejects.toMatchObject({ code: "notFound" });
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
