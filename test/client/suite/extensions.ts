import { describe, expect, it } from "vitest";
import { type Feature, type RemoteProcess, UnsupportedError } from "../../../src/index.ts";
import { isAlive } from "../../conformance/peer/process-tree.ts";
import type { Venue } from "./venue.ts";

const sh = (script: string) => ["sh", "-c", script] as const;

/** Reads a process's output until it matches; the process goes on, and so may another reader. */
async function printed(process: RemoteProcess, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const { bytes } of process.output) {
    text += Buffer.from(bytes);
    if (pattern.test(text)) return text;
  }
  throw new Error(`ended without ${pattern}: ${JSON.stringify(text)}`);
}

/** What goes beyond the protocol of the reference (03 section 11). */
export function extensionTests(venue: Venue): void {
  describe("what only some executors offer", () => {
    if (venue.isReference) return refusals(venue);

    it("the end of input: a program that reads to it ends by itself", async () => {
      await using link = await venue.open();
      const process = await link.start(["sort"], { stdin: true });
      const lines = Array.from({ length: 3_000 }, (_, n) => `${(n * 7_919) % 3_000}`.padStart(4, "0"));
      const written = lines.map((line) => process.stdin.write(`${line}\n`));
      await process.stdin.end(); // behind all of them, though nobody has waited
      expect(await process.text()).toBe(`${[...lines].sort().join("\n")}\n`);
      expect(await process.exited).toMatchObject({ exitCode: 0 });
      await Promise.all(written);
    });

    it("the end of input comes after a megabyte that the program takes its time to read", async () => {
      await using link = await venue.open();
      const process = await link.start(sh("sleep 0.2; cat | wc -c"), { stdin: true });
      void process.stdin.write(new Uint8Array(3_000_000));
      await process.stdin.end();
      expect((await process.text()).trim()).toBe("3000000");
    });

    it("the end of an empty input, and that again, are no trouble", async () => {
      await using link = await venue.open();
      const process = await link.start(["cat"], { stdin: true });
      await Promise.all([process.stdin.end(), process.stdin.end()]);
      expect(await process.text()).toBe("");
      expect(await process.exited).toMatchObject({ exitCode: 0 });
      await process.stdin.end();
      await expect(process.stdin.write("late")).rejects.toMatchObject({ code: "stdinClosed" });
    });

    it("a web stream that is piped in ends the input with itself", async () => {
      await using link = await venue.open();
      const process = await link.start(["cat"], { stdin: true });
      await ReadableStream.from(["one ", "two ", "three"]).pipeTo(process.stdin.writable());
      expect(await process.text()).toBe("one two three");
    });

    it.each(["", "a line\n", "a line\nand half of another"])(
      "the end of input on a terminal, after %j, is what a person would type",
      async (typed) => {
        await using link = await venue.open();
        const process = await link.start(sh("stty -echo; echo ready; exec cat"), { tty: true });
        const text = process.text();
        await printed(process, /ready/);
        if (typed !== "") await process.stdin.write(typed);
        await process.stdin.end();
        expect(await text).toBe(`ready\r\n${typed.replaceAll("\n", "\r\n")}`);
        expect(await process.exited).toMatchObject({ exitCode: 0 });
      },
    );

    it("another size for a terminal, of which the program hears", async () => {
      await using link = await venue.open();
      const process = await link.start(sh("trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.05; done"), {
        tty: true,
      });
      const text = process.text();
      await printed(process, /ready/);
      await process.resize(50, 132);
      expect(await text).toBe("ready\r\n50 132\r\n");
      expect(await process.exited).toMatchObject({ exitCode: 3 });
      await process.resize(24, 80); // there is no terminal any more, and nobody minds
    });

    it("a size that no terminal has is refused", async () => {
      await using link = await venue.open();
      const process = await link.start(["cat"], { tty: true });
      await expect(process.resize(0, 80)).rejects.toMatchObject({ code: "invalidParams" });
    });

    it("any signal by name", async () => {
      await using link = await venue.open();
      const process = await link.start(sh("trap 'echo usr1; exit 4' USR1; echo ready; while :; do sleep 0.05; done"));
      const text = process.text("stdout"); // on stderr the shell may say what became of its sleep
      await printed(process, /ready/);
      await process.kill("SIGUSR1");
      expect(await text).toMatch(/^ready\n.*usr1\n$/s); // the shell may say how its own child, in the same group, died
      expect(await process.exited).toMatchObject({ exitCode: 4 });
      await process.kill("SIGUSR1");
      const other = await link.start(["sleep", "1000"]);
      await other.kill("SIGHUP");
      expect(await other.exited).toMatchObject({ exitCode: 129 });
    });

    it("a program that is stopped goes on when it is told to", async () => {
      await using link = await venue.open();
      const process = await link.start(["cat"], { stdin: true });
      const reader = process.output;
      await process.kill("SIGSTOP");
      await process.stdin.write("read later");
      await process.kill("SIGCONT");
      expect(Buffer.from((await reader.next()).value.bytes).toString()).toBe("read later");
    });

    it("a time limit: the group is ended, and the exit tells so", async () => {
      await using link = await venue.open();
      const process = await link.start(sh("echo begun; sleep 1000"), { timeLimitMs: 300 });
      expect(await process.text()).toBe("begun\n");
      expect(await process.exited).toMatchObject({ exitCode: 143, timedOut: true });
      const quick = await link.start(["true"], { timeLimitMs: 600_000 });
      expect(await quick.exited).toMatchObject({ exitCode: 0 });
    });

    it("a time limit that the program does not heed is enforced, also on a terminal", async () => {
      await using link = await venue.open();
      const script = sh("trap '' TERM HUP; while :; do sleep 0.05; done");
      const processes = [false, true].map((tty) => link.start(script, { tty, timeLimitMs: 200 }));
      for (const process of await Promise.all(processes)) {
        expect(await process.exited).toMatchObject({ exitCode: 137, timedOut: true });
        await process.closed;
      }
    });

    it("the list of processes", async () => {
      await using link = await venue.open();
      const running = await link.start(["sleep", "1000"]);
      const closed = await link.start(sh("echo output; exit 5"));
      await closed.closed;
      expect(await link.processes()).toEqual([
        { processId: running.processId, state: "running", exitCode: null, nextSeq: 1 },
        { processId: closed.processId, state: "closed", exitCode: 5, nextSeq: 4 },
      ]);
      await using other = await venue.open();
      expect(await other.processes()).toEqual([]);
    });

    it("what a process used", async () => {
      await using link = await venue.open();
      link.require("usage");
      const busy = await link.start(sh("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exit 3"));
      const { exitCode, usage } = await busy.exited;
      expect(exitCode).toBe(3);
      expect(usage?.userCpuMs).toBeGreaterThan(30);
      expect(usage?.systemCpuMs).toBeGreaterThanOrEqual(0);
    });

    it("the end of the session with its link: nothing runs on, whatever it ignores and wherever it fled", async () => {
      const link = await venue.open();
      const script = "trap '' HUP INT TERM; echo $$; sleep 1000 & echo $!; setsid sleep 1000 & echo $!; wait";
      const process = await link.start(sh(script));
      const text = await printed(process, /(\d+\n){3}/);
      const pids = text.trim().split("\n").map(Number);
      expect(pids.map(isAlive)).toEqual([true, true, true]);
      await link.close();
      await expect.poll(() => pids.map(isAlive)).toEqual([false, false, false]);
    });
  });
}

/** The reference offers none of it; then nothing is sent, and the error says what is missing. */
function refusals(venue: Venue): void {
  const attempts: readonly [Feature, string, (process: RemoteProcess) => Promise<unknown>][] = [
    ["closeStdin", "the end of input", (process) => process.stdin.end()],
    ["closeStdin", "the end of a stream that is piped in", (process) => process.stdin.writable().close()],
    ["resize", "another size for a terminal", (process) => process.resize(50, 132)],
    ["kill", "any signal by name", (process) => process.kill("SIGUSR1")],
  ];
  it.each(attempts)("without %s: %s is refused, and the process notices nothing", async (feature, _, attempt) => {
    await using link = await venue.open();
    const process = await link.start(["cat"], { tty: true });
    const failure = await attempt(process).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnsupportedError);
    expect(failure).toMatchObject({ code: "unsupported", feature, effect: "notApplied" });
    await process.stdin.write("still there\n");
    await printed(process, /still there\r\nstill there/);
  });

  it("without timeLimit: a start with one is refused before anything is sent", async () => {
    await using link = await venue.open();
    const failure = await link.start(["cat"], { timeLimitMs: 1_000 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnsupportedError);
    expect(failure).toMatchObject({ feature: "timeLimit", effect: "notApplied" });
  });

  it("without usage: nobody tells what a process used, and whoever insists is refused", async () => {
    await using link = await venue.open();
    const process = await link.start(["true"]);
    expect(await process.exited).toEqual({ exitCode: 0, usage: null });
    expect(() => link.require("usage")).toThrow(expect.objectContaining({ code: "unsupported", feature: "usage" }));
  });

  it("without list: the processes are refused", async () => {
    await using link = await venue.open();
    await expect(link.processes()).rejects.toMatchObject({ code: "unsupported", feature: "list" });
  });

  it("without observe: there is no key to give away", async () => {
    await using link = await venue.open();
    expect(() => link.observerKey).toThrow(UnsupportedError);
  });

  it("without end: a link that is closed terminates its processes one by one", async () => {
    const link = await venue.open();
    const process = await link.start(sh("trap '' HUP INT TERM; echo $$; while :; do sleep 0.05; done"));
    const pid = Number((await printed(process, /\n/)).trim());
    expect(isAlive(pid)).toBe(true);
    await link.close();
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
}
