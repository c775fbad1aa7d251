import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ProctorError, StdinClosedError } from "../../../src/index.ts";
import type { Venue } from "./venue.ts";

/** Typing into processes. */
export function stdinTests(venue: Venue): void {
  describe("stdin", () => {
    it("writes arrive in the order of the calls, though nobody waits between them", async () => {
      await using link = await venue.open();
      const process = await link.start(["head", "-n", "500"], { stdin: true });
      const text = process.text();
      const lines = Array.from({ length: 500 }, (_, n) => `line ${n}\n`);
      await Promise.all(lines.map((line) => process.stdin.write(line)));
      expect(await text).toBe(lines.join(""));
      expect(await process.exited).toMatchObject({ exitCode: 0 });
    });

    it("3 MB in one write go through a process and come back byte for byte", async () => {
      await using link = await venue.open();
      const sent = randomBytes(3_000_000);
      const process = await link.start(["head", "-c", String(sent.length)], { stdin: true });
      const pieces: Uint8Array[] = [];
      const reading = (async () => {
        for await (const { bytes } of process.output) pieces.push(bytes);
      })();
      await process.stdin.write(sent);
      await reading;
      expect(Buffer.concat(pieces).equals(sent)).toBe(true);
    });

    it("a web stream can be piped in, and its pace is the child's", async () => {
      await using link = await venue.open();
      const process = await link.start(["head", "-c", "600000"], { stdin: true });
      const text = process.text();
      const source = ReadableStream.from(Array.from({ length: 6 }, (_, n) => String(n).repeat(100_000)));
      await source.pipeTo(process.stdin.writable(), { preventClose: venue.isReference });
      expect(await text).toBe([0, 1, 2, 3, 4, 5].map((n) => String(n).repeat(100_000)).join(""));
    });

    it("nothing can be written to a process without stdin (02 P-43)", async () => {
      await using link = await venue.open();
      const process = await link.start(["sleep", "1000"]);
      await expect(process.stdin.write("x")).rejects.toBeInstanceOf(StdinClosedError);
    });

    it("without stdin a process reads an empty one (02 P-14)", async () => {
      await using link = await venue.open();
      expect(await (await link.start(["cat"])).text()).toBe("");
    });

    it("after a terminate writes fail, after a natural end too where the executor tells the truth (02 P-50, 03 D-11)", async () => {
      await using link = await venue.open();
      const ended = await link.start(["true"], { stdin: true });
      await ended.closed;
      const late = ended.stdin.write("into the void");
      if (venue.isReference) await late;
      else await expect(late).rejects.toBeInstanceOf(StdinClosedError);

      const killed = await link.start(["cat"], { stdin: true });
      await killed.terminate();
      await killed.closed;
      const failure = await killed.stdin.write("x").catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StdinClosedError);
      expect(failure).toBeInstanceOf(ProctorError);
    });

    it("a terminate gets through, however many writes wait for a child that does not read", async () => {
      await using link = await venue.open();
      const process = await link.start(["sleep", "1000"], { stdin: true });
      // More than the executor queues and the link has in flight. The reference, which takes nothing more on a connection
      // once one write waits (01 W-41), gets what it can queue (02 P-49).
      const pieces = venue.isReference ? 60 : 120;
      const writes = Array.from({ length: pieces }, () => process.stdin.write(new Uint8Array(1024 * 1024)));
      const outcomes = Promise.allSettled(writes);
      await Promise.all(writes.slice(0, 16));
      expect(await process.terminate()).toBe(true);
      await process.closed;
      for (const outcome of await outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(StdinClosedError);
      }
    });

    it("an aborted write rejects with the reason of the signal", async () => {
      await using link = await venue.open();
      const process = await link.start(["cat"], { stdin: true });
      const reason = new Error("changed my mind");
      await expect(process.stdin.write("x", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await process.stdin.write("still works");
      expect(Buffer.from((await process.output.next()).value.bytes).toString()).toBe("still works");
    });
  });
}
