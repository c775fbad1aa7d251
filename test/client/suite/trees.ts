import { randomBytes } from "node:crypto";
import { mkdir, mkdtempDisposable, readdir, readFile, readlink, realpath, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { LinkInTheWayError, type TransferProgress, type WalkedEntry } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import type { Venue } from "./venue.ts";

const folder = () => mkdtempDisposable("/var/tmp/proctor-trees-");

async function collected(walk: AsyncIterable<WalkedEntry>, root: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of walk) found.push(`${entry.kind} ${relative(root, entry.path)}`);
  return found.sort();
}

/** A tree with everything that travels, and some that does not. */
async function makeTree(root: string): Promise<Buffer> {
  const large = randomBytes(3_500_000);
  await mkdir(join(root, "a/b"), { recursive: true });
  await mkdir(join(root, "empty"));
  await writeFile(join(root, "a/large"), large);
  await writeFile(join(root, "a/b/é ✓"), "grüße");
  await writeFile(join(root, "none"), "");
  await symlink("b/é ✓", join(root, "a/inside"));
  await symlink("/etc", join(root, "outside"));
  return large;
}

/** Whole trees: walked, sent and fetched. */
export function treeTests(venue: Venue): void {
  describe("trees", () => {
    it("a tree is walked to its last file, and not along its links", async () => {
      verifies("04 W-10");
      await using link = await venue.open();
      await using at = await folder();
      await makeTree(at.path);
      expect(await collected(link.files.walk(at.path), at.path)).toEqual([
        "directory a",
        "directory a/b",
        "directory empty",
        "file a/b/é ✓",
        "file a/large",
        "file none",
      ]);
      for await (const entry of link.files.walk(at.path)) {
        expect(entry.kind).toMatch(/file|directory/);
        break; // whoever has seen enough stops
      }
      await expect(collected(link.files.walk(join(at.path, "missing")), at.path)).rejects.toMatchObject({
        code: "notFound",
      });
    });

    it("a tree that is sent and fetched again is the same, and every step is told", { timeout: 60_000 }, async () => {
      await using link = await venue.open();
      await using at = await folder();
      const [here, there, back] = ["here", "there", "back"].map((name) => join(at.path, name)) as [
        string,
        string,
        string,
      ];
      await mkdir(here);
      const large = await makeTree(here);
      const steps: TransferProgress[] = [];
      const onProgress = (step: TransferProgress) => void steps.push(step);
      const sent = await link.files.upload(here, there, { onProgress });
      expect({ ...sent, skipped: sent.skipped.map(({ path }) => path).sort() }).toEqual({
        files: 3,
        directories: 3,
        links: 0,
        bytes: 3_500_000 + Buffer.byteLength("grüße"),
        skipped: ["a/inside", "outside"],
      });
      expect(steps.at(-1)).toMatchObject({ files: 3, bytes: sent.bytes });
      expect(Math.max(...steps.map(({ filesFound }) => filesFound))).toBe(3);
      if (!venue.isReference) expect(steps.filter(({ path }) => path === "a/large").length).toBeGreaterThan(2);
      for (const [index, { bytes }] of steps.entries())
        expect(bytes).toBeGreaterThanOrEqual(steps[index - 1]?.bytes ?? 0);

      await symlink("b/é ✓", join(there, "a/inside"));
      await symlink("/etc", join(there, "outside"));
      const fetched = await link.files.download(there, back, { onProgress, concurrency: 2 });
      expect(fetched).toMatchObject({
        files: 3,
        directories: 3,
        links: 1,
        skipped: [{ path: "outside", reason: "link" }],
      });
      expect((await readdir(back, { recursive: true })).sort()).toEqual(
        ["a", "a/b", "a/b/é ✓", "a/inside", "a/large", "empty", "none"].sort(),
      );
      expect((await readFile(join(back, "a/large"))).equals(large)).toBe(true);
      expect(await readFile(join(back, "a/inside"), "utf8")).toBe("grüße");
      expect(await readlink(join(back, "a/inside"))).toBe("b/é ✓");
    });

    it("an abort ends a transfer with its reason, and leaves no half of a file under its name", async () => {
      await using link = await venue.open();
      await using at = await folder();
      const [there, back] = [join(at.path, "there"), join(at.path, "back")];
      await mkdir(there);
      await writeFile(join(there, "large"), Buffer.alloc(30_000_000));
      const stop = new AbortController();
      const onProgress = () => stop.abort(new Error("enough"));
      await expect(link.files.download(there, back, { signal: stop.signal, onProgress })).rejects.toThrow("enough");
      expect(await readdir(back)).toEqual([]);
      await expect(link.files.upload(there, back, { signal: stop.signal })).rejects.toThrow("enough");
    });

    it("what fails ends the whole transfer, by name", async () => {
      await using link = await venue.open();
      await using at = await folder();
      const [here, there] = [join(at.path, "here"), join(at.path, "there")];
      await mkdir(join(here, "f"), { recursive: true });
      await mkdir(there);
      await writeFile(join(there, "f"), "in the way");
      await expect(link.files.upload(here, there)).rejects.toMatchObject({ code: "internalError" });
      await expect(link.files.upload(join(at.path, "missing"), there)).rejects.toMatchObject({ code: "ENOENT" });
      await expect(link.files.download(join(at.path, "missing"), here)).rejects.toMatchObject({ code: "notFound" });
    });

    it("a link in the place of a local directory is not written through", async () => {
      await using link = await venue.open();
      await using at = await folder();
      const [there, back] = [join(at.path, "there"), join(at.path, "back")];
      await mkdir(join(there, "d"), { recursive: true });
      await writeFile(join(there, "d/f"), "x");
      await mkdir(back);
      await mkdir(join(at.path, "elsewhere"));
      await symlink(join(at.path, "elsewhere"), join(back, "d"));
      await expect(link.files.download(there, back)).rejects.toBeInstanceOf(LinkInTheWayError);
      expect(await readdir(join(at.path, "elsewhere"))).toEqual([]);
    });

    it("every operation can be confined: what a sandbox forbids fails, and the rest works", {
      timeout: 60_000,
    }, async () => {
      await using link = await venue.open();
      await using at = await folder();
      const root = await realpath(at.path);
      const w = join(root, "w");
      for (const name of [".git", ".agents", ".codex"]) await mkdir(join(w, name), { recursive: true });
      await writeFile(join(root, "secret"), "SECRET");
      const { files } = link;
      const within = { sandbox: { read: [":minimal"], write: [w] }, cwd: w };
      await files.createDirectory(join(w, "d"), within);
      await files.writeFile(join(w, "d/f"), "text", within);
      expect(await files.readTextFile(join(w, "d/f"), within)).toBe("text");
      expect((await files.stat(join(w, "d/f"), within)).size).toBe(4);
      expect(await files.realpath(join(w, "d/f"), within)).toBe(join(w, "d/f"));
      await files.copy(join(w, "d/f"), join(w, "d/g"), within);
      expect((await files.list(join(w, "d"), within)).map(({ name }) => name).sort()).toEqual(["f", "g"]);
      await files.remove(join(w, "d/g"), within);
      for (const refused of [
        () => files.readFile(join(root, "secret"), within),
        () => files.stat(join(root, "secret"), within),
        () => files.list(join(root, "elsewhere"), within),
        () => files.copy(join(root, "secret"), join(w, "stolen"), within),
      ]) {
        await expect(refused()).rejects.toMatchObject({ code: "notFound" });
      }
      await expect(files.writeFile(join(w, ".git/config"), "x", within)).rejects.toMatchObject({
        code: "internalError",
      });
      await expect(files.writeFile(join(w, "n"), "x", { sandbox: "read-only" })).rejects.toMatchObject({
        code: "internalError",
      });
      if (venue.isReference) return;
      const writer = files.createWriteStream(join(w, "d/s"), within).getWriter();
      await writer.write("streamed");
      await writer.close();
      expect(await new Response(files.createReadStream(join(w, "d/s"), within)).text()).toBe("streamed");
      const hidden = files.createReadStream(join(root, "secret"), within).getReader();
      await expect(hidden.read()).rejects.toMatchObject({ code: "notFound" });
      expect(await collected(files.walk(join(w, "d"), within), w)).toEqual(["file d/f", "file d/s"]);
      await files.writeFile(join(w, "d/f"), "at once", { ...within, atomic: true });
      expect((await files.download(join(w, "d"), join(root, "out"), within)).files).toBe(2);
      expect((await files.upload(join(root, "out"), join(w, "in"), within)).files).toBe(2);
      await expect(files.upload(join(root, "out"), join(root, "no"), within)).rejects.toMatchObject({
        code: "internalError",
      });
    });
  });
}
