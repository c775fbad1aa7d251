import { describe, expect, it } from "vitest";
import type { Venue } from "./venue.ts";

/** Processes on a terminal. */
export function terminalTests(venue: Venue): void {
  describe("terminals", () => {
    it("a process on a terminal sees one of 24 by 80, and everything it prints is one stream (02 P-20, P-25)", async () => {
      await using link = await venue.open();
      const process = await link.start(["sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty size; echo err >&2"], {
        tty: true,
      });
      const streams = new Set<string>();
      let text = "";
      for await (const { stream, bytes } of process.output) {
        streams.add(stream);
        text += Buffer.from(bytes);
      }
      expect([...streams]).toEqual(["pty"]);
      expect(text).toBe("24 80\r\nerr\r\n");
      expect(await process.exited).toMatchObject({ exitCode: 0 });
    });

    it("what is typed is echoed, and the keys do what keys do (02 P-51)", async () => {
      await using link = await venue.open();
      const process = await link.start(["cat"], { tty: true });
      let text = "";
      const typed = ["hello\r", "\x04"];
      await process.stdin.write(typed.shift() ?? "");
      for await (const { bytes } of process.output) {
        text += Buffer.from(bytes);
        if (text === "hello\r\nhello\r\n") await process.stdin.write(typed.shift() ?? "");
      }
      expect(text).toBe("hello\r\nhello\r\n");
      expect(await process.exited).toMatchObject({ exitCode: 0 });
    });

    it("Ctrl-C interrupts it, and so does interrupt (02 P-51, P-52)", async () => {
      await using link = await venue.open();
      for (const way of ["key", "interrupt"]) {
        const process = await link.start(["sh", "-c", "trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done"], {
          tty: true,
        });
        await process.output.next();
        if (way === "key") await process.stdin.write("\x03");
        else await process.interrupt();
        expect(await process.exited).toMatchObject({ exitCode: 9 });
      }
    });

    it("terminating a process on a terminal ends it (02 P-62)", async () => {
      await using link = await venue.open();
      const process = await link.start(["sh", "-c", "echo ready; sleep 1000"], { tty: true });
      await process.output.next();
      expect(await process.terminate()).toBe(true);
      // 02 P-30: on a terminal the reference says 1 for every signal.
      expect([1, 137]).toContain((await process.exited).exitCode);
      await process.closed;
    });
  });
}
