import { randomBytes } from "node:crypto";
import { mkdtempDisposable, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OutputMissedError } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import { allEvents, untilStill } from "./collected.ts";
import type { Venue } from "./venue.ts";

/** What the processes print, and how it is read. */
export function outputTests(venue: Venue): void {
  describe("output", () => {
    it("5 MB of binary output arrive byte for byte, in chunks with rising numbers", async () => {
      await using link = await venue.open();
      await using folder = await mkdtempDisposable(join(tmpdir(), "proctor-binary-"));
      const file = join(folder.path, "bytes");
      const written = randomBytes(5_000_000);
      await writeFile(file, written);
      const process = await link.start(["cat", file]);
      let last = 0;
      const pieces: Uint8Array[] = [];
      for await (const { seq, stream, bytes } of process.output) {
        expect(stream).toBe("stdout");
        expect(seq).toBeGreaterThan(last);
        last = seq;
        pieces.push(bytes);
      }
      expect(Buffer.concat(pieces).equals(written)).toBe(true);
    });

    it("text is decoded across chunks: no character is torn (design rule 6)", async () => {
      await using link = await venue.open();
      const script = "printf 'a\\303'; sleep 0.05; printf '\\251\\342\\234'; sleep 0.05; printf '\\223!'";
      const process = await link.start(["sh", "-c", script]);
      expect(await process.text()).toBe("aé✓!");
    });

    it("bytes that are no text become replacement characters, and nothing fails", async () => {
      await using link = await venue.open();
      const process = await link.start(["printf", "a\\377b\\303"]);
      expect(await process.text()).toBe("a\ufffdb\ufffd");
    });

    it("whoever subscribes after the close gets every event again, and the end (03 I-5)", async () => {
      verifies("03 I-5");
      await using link = await venue.open();
      const process = await link.start(["sh", "-c", "echo one; echo two >&2; exit 3"]);
      const early = await allEvents(process);
      await process.closed;
      expect(await allEvents(process)).toEqual(early);
      expect(await process.text("stdout")).toBe("one\n");
      expect(await process.text("stderr")).toBe("two\n");
      expect(await process.exited).toMatchObject({ exitCode: 3 });
    });

    it("a reader that comes after more than a megabyte is told that it missed some", async () => {
      await using link = await venue.open();
      const process = await link.start(["head", "-c", "3000000", "/dev/zero"]);
      await process.closed;
      const failure = await process.text().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(OutputMissedError);
      expect((failure as OutputMissedError).firstSeq).toBeGreaterThan(1);
    });

    it("several readers each get everything", async () => {
      await using link = await venue.open();
      const process = await link.start(["sh", "-c", "seq 1 20000"]);
      const texts = await Promise.all([process.text(), process.text(), process.text()]);
      expect(new Set(texts).size).toBe(1);
      expect(texts[0]).toHaveLength(108_894);
    });

    it("a slow reader makes the child wait; a call made meanwhile is answered; then everything arrives (01 W-45)", async () => {
      await using link = await venue.open();
      const size = 100_000_000;
      const mark = `proctor-slow-${venue.name.replaceAll(/\W/g, "-")}`;
      const process = await link.start(["head", "-c", String(size), "/dev/zero"], { arg0: mark });
      const output = process.output;
      let received = (await output.next()).value.bytes.length;
      // 02 P-24 and P-49: what is under way fits sockets, pipes and queues, some megabytes in all.
      expect(await untilStill(() => bytesWritten(mark))).toBeLessThan(40_000_000);
      expect((await link.files.stat("/")).isDirectory).toBe(true);
      expect(await untilStill(() => bytesWritten(mark))).toBeLessThan(80_000_000);
      for await (const { bytes } of output) received += bytes.length;
      expect(received).toBe(size);
      expect(await process.exited).toMatchObject({ exitCode: 0 });
    });

    it("leaving the loop lets go of the output: the process runs on to its end", async () => {
      await using link = await venue.open();
      const process = await link.start(["head", "-c", "20000000", "/dev/zero"]);
      for await (const _ of process.output) break;
      expect(await process.exited).toMatchObject({ exitCode: 0 });
      await process.closed;
    });

    it("an abandoned reader that holds the brake is let go when it is returned", async () => {
      await using link = await venue.open();
      const process = await link.start(["head", "-c", "20000000", "/dev/zero"]);
      const reader = process.output;
      await reader.next();
      await reader.return?.();
      await process.closed;
      expect(await reader.next()).toEqual({ done: true, value: undefined });
    });

    it("several chunks asked for in advance all come, in order", async () => {
      await using link = await venue.open();
      const process = await link.start(["cat"], { stdin: true });
      const reader = process.output;
      const asked = [reader.next(), reader.next(), reader.next()];
      await process.stdin.write("only one");
      await expect(asked[0]).resolves.toMatchObject({ done: false });
      await process.terminate();
      expect(await Promise.all(asked.slice(1))).toEqual([
        { done: true, value: undefined },
        { done: true, value: undefined },
      ]);
    });
  });
}

/** How much a process of this host, known by the name it was given, has written. */
async function bytesWritten(name: string): Promise<number> {
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => ""); // it may have ended meanwhile
    if (!command.startsWith(`${name}\0`)) continue;
    return Number(/^wchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, "latin1"))?.[1]);
  }
  throw new Error(`no process is called ${name}`);
}
