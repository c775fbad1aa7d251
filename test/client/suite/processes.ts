import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ProctorError, RpcError } from "../../../src/index.ts";
import { allEvents } from "./collected.ts";
import type { Venue } from "./venue.ts";

const sh = (script: string) => ["sh", "-c", script] as const;

/** Starting things, and how they end. */
export function processTests(venue: Venue): void {
  describe("processes", () => {
    it.each([0, 1, 42, 255])("an exit code of %i is a value, not an error", async (code) => {
      await using link = await venue.open();
      const process = await link.start(sh(`exit ${code}`));
      expect(await process.exited).toMatchObject({ exitCode: code });
      await process.closed;
    });

    it("a process that a signal kills ends with 128 and its number (02 P-30)", async () => {
      await using link = await venue.open();
      for (const [signal, code] of [
        ["TERM", 143],
        ["KILL", 137],
        ["SEGV", 139],
      ] as const) {
        const process = await link.start(sh(`kill -${signal} $$`));
        expect(await process.exited).toMatchObject({ exitCode: code });
      }
    });

    it("stdout and stderr are kept apart, and together they are everything", async () => {
      await using link = await venue.open();
      const process = await link.start(sh("echo out; echo err >&2"));
      const [out, err, all] = await Promise.all([process.text("stdout"), process.text("stderr"), process.text()]);
      expect([out, err]).toEqual(["out\n", "err\n"]);
      expect(all.length).toBe(8);
    });

    it("events come in order, each once: numbers 1 to n, one exit, the close last (02 P-23)", async () => {
      await using link = await venue.open();
      const script = "for i in 1 2 3 4 5 6 7 8 9; do echo $i; echo $i >&2; done; exit 4";
      for (let round = 0; round < 10; round += 1) {
        const events = await allEvents(await link.start(sh(script)));
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
        expect(events.filter(({ type }) => type === "exited")).toMatchObject([{ exitCode: 4 }]);
        expect(events.filter(({ type }) => type === "closed")).toHaveLength(1);
        expect(events.at(-1)?.type).toBe("closed");
      }
    });

    it("output of a descendant after the exit still arrives, and delays the close only (02 P-27)", async () => {
      await using link = await venue.open();
      await using folder = await mkdtempDisposable(join(tmpdir(), "proctor-late-"));
      const go = join(folder.path, "go");
      const script = '(while [ ! -e "$0" ]; do sleep 0.02; done; echo late) &';
      const process = await link.start(["sh", "-c", script, go]);
      const events = allEvents(process);
      expect(await process.exited).toMatchObject({ exitCode: 0 });
      await writeFile(go, "");
      expect((await events).map(({ type }) => type)).toEqual(["exited", "output", "closed"]);
    });

    it("a program that does not exist is refused, typed, and leaves nothing behind (02 P-12)", async () => {
      await using link = await venue.open();
      for (const program of ["no-such-program-here", "/no/such/program", "./no-such-program"]) {
        const failure = await link.start([program]).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(RpcError);
        expect(failure).toMatchObject({ code: "internalError", rpcCode: -32603 });
        expect(String(failure)).toContain("No such file or directory");
      }
    });

    it("a file that cannot be executed is refused (02 P-12)", async () => {
      await using link = await venue.open();
      for (const program of ["/etc/passwd", "/etc"]) {
        await expect(link.start([program])).rejects.toThrow(/Permission denied/);
      }
    });

    it("an empty argv is refused with the reason (02 P-6)", async () => {
      await using link = await venue.open();
      await expect(link.start([])).rejects.toMatchObject({
        code: "invalidParams",
        effect: "notApplied",
        message: "argv must not be empty",
      });
    });

    it("a directory that does not exist, or is none, is refused (02 P-12)", async () => {
      await using link = await venue.open();
      await expect(link.start(["true"], { cwd: "/no/such/folder" })).rejects.toThrow(/No such file/);
      await expect(link.start(["true"], { cwd: "/etc/passwd" })).rejects.toThrow(/Not a directory/);
    });

    it("a path that is not absolute, or no path URI, is refused before anything is sent", async () => {
      await using link = await venue.open();
      for (const cwd of ["relative/path", new URL("http://example.test/x")]) {
        await expect(link.start(["true"], { cwd })).rejects.toBeInstanceOf(ProctorError);
      }
    });

    it("an argument with a NUL is refused (02 P-12)", async () => {
      await using link = await venue.open();
      await expect(link.start(["echo", "a\0b"])).rejects.toThrow(/nul byte/);
    });

    it("arguments arrive as they are: no shell is involved", async () => {
      await using link = await venue.open();
      const args = ["$HOME", "a b", "", "*", "'", "é✓", "\n"];
      const process = await link.start(["printf", "%s|", ...args]);
      expect(await process.text()).toBe(args.map((arg) => `${arg}|`).join(""));
    });

    it("a hundred processes at once run side by side", async () => {
      await using link = await venue.open();
      const processes = await Promise.all(
        Array.from({ length: 100 }, (_, n) => link.start(sh(`echo ${n}; exit ${n}`))),
      );
      expect(new Set(processes.map(({ processId }) => processId)).size).toBe(100);
      const ends = await Promise.all(processes.map(async (each) => [await each.text(), (await each.exited).exitCode]));
      expect(ends).toEqual(processes.map((_, n) => [`${n}\n`, n]));
    });

    it("interrupting sends SIGINT, and a process that has ended does not mind (02 P-52, P-53)", async () => {
      await using link = await venue.open();
      const process = await link.start(sh("trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.05; done"));
      let text = "";
      for await (const { bytes } of process.output) {
        text += Buffer.from(bytes);
        if (text === "ready\n") await process.interrupt();
      }
      expect(text).toBe("ready\ncaught\n");
      expect(await process.exited).toMatchObject({ exitCode: 7 });
      await process.interrupt();
    });

    it("terminating kills the whole group at once, whatever it ignores, and tells whether it ran (02 P-57, P-58)", async () => {
      await using link = await venue.open();
      const process = await link.start(sh("trap '' TERM INT HUP; sleep 1000 & echo ready; wait; wait"));
      await process.output.next();
      expect(await process.terminate()).toBe(true);
      const { exitCode } = await process.exited;
      // 02 P-62: the reference says -1 or 137, by chance.
      expect(venue.isReference ? [-1, 137] : [137]).toContain(exitCode);
      await process.closed;
      expect(await process.terminate()).toBe(false);
    });
  });
}
