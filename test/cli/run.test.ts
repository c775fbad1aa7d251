import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { serve } from "../../src/index.ts";
import { withReference } from "../client/suite/reference.ts";
import { startServer } from "../conformance/peer/server.ts";
import { FaultProxy } from "../fault-proxy.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { isAlive, printed, proctor } from "./command.ts";

/** A folder that is gone when the test is over. */
async function scratchFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "proctor-run-")));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

describe("--usage", () => {
  test.each(["here", "on an executor"])("says in one line what the command used, %s", async (place) => {
    await using server = await serve();
    const where = place === "here" ? [] : ["--url", server.url];
    const script = "echo out; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exit 3";
    const result = await proctor(["run", ...where, "--usage", "sh", "-c", script]);
    expect(result).toMatchObject({ stdout: "out\n", exitCode: 3 });
    expect(result.stderr).toMatch(
      /^proctor: \d+\.\d{3} s user, \d+\.\d{3} s system, peak memory (unknown|\d+\.\d MiB)\n$/,
    );
    expect(Number.parseFloat(String(result.stderr).slice("proctor: ".length))).toBeGreaterThan(0.03);
  });

  test("is refused before the start where the executor cannot tell", async () => {
    await using folder = await scratchFolder();
    await using server = await startServer("reference");
    const marker = join(folder.path, "ran");
    const result = await proctor(["run", "--url", server.url, "--usage", "touch", marker]);
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toBe("proctor: this executor does not offer the extension usage\n");
    await expect(readFile(marker)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("output", () => {
  test("stdout and stderr arrive on their own streams", async () => {
    const result = await proctor(["run", "--", "sh", "-c", "echo out; echo err >&2"]);
    expect(result).toMatchObject({ stdout: "out\n", stderr: "err\n", exitCode: 0 });
  });

  test.each(["here", "on an executor"])("3 MB of random bytes arrive unchanged, %s", async (place) => {
    await using folder = await scratchFolder();
    await using server = await serve();
    const bytes = randomBytes(3_000_000);
    await writeFile(join(folder.path, "bytes"), bytes);
    const where = place === "here" ? [] : ["--url", server.url];
    const { stdout, exitCode } = await proctor(["run", ...where, "cat", join(folder.path, "bytes")], {
      encoding: "buffer",
    });
    expect(exitCode).toBe(0);
    expect(Buffer.compare(Buffer.from(stdout), bytes)).toBe(0);
  });

  test("it appears while the command still runs", async () => {
    await using running = proctor(["run", "--", "sh", "-c", "echo early; exec sleep 600"]);
    expect(await printed(running.stdout, /\n/)).toBe("early\n");
    running.kill("SIGTERM");
    await running;
  });

  test("a reader that stops reading stops the command, and loses nothing", async () => {
    const size = 200_000_000;
    await using folder = await scratchFolder();
    const script = `echo $$ >pid; exec head -c ${size} /dev/zero`;
    await using running = proctor(["run", "sh", "-c", script], { buffer: false, cwd: folder.path });
    running.stdout?.pause(); // or execa reads what nobody else does
    const readPid = () => readFile(join(folder.path, "pid"), "utf8").catch(() => "");
    await expect.poll(readPid, { timeout: 10_000 }).toMatch(/\n/);
    const pid = Number(await readPid());
    const written = await settled(() => Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]));
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(50_000_000);
    let received = 0;
    for await (const bytes of running.stdout ?? []) received += (bytes as Buffer).length;
    expect(received).toBe(size);
  });

  test("a reader that goes away ends the command without a word", async () => {
    await using running = proctor(["run", "sh", "-c", "echo $$; exec yes"], { buffer: false });
    const pid = Number.parseInt(await printed(running.stdout, /\n/), 10);
    const stderr = running.stderr?.toArray();
    running.stdout?.destroy();
    expect((await running).exitCode).toBe(141);
    expect(await stderr).toEqual([]);
    expect(isAlive(pid)).toBe(false);
  });
});

/** Resolves with a number that has stopped growing. */
async function settled(read: () => number): Promise<number> {
  const seen: number[] = [];
  await expect
    .poll(
      () => {
        seen.push(read());
        return seen.length > 5 && seen.at(-1) !== 0 && new Set(seen.slice(-5)).size === 1;
      },
      { interval: 100, timeout: 15_000 },
    )
    .toBe(true);
  return seen.at(-1) ?? 0;
}

describe("exit codes", () => {
  test.each([
    { script: "exit 0", code: 0 },
    { script: "exit 7", code: 7 },
    { script: "exit 255", code: 255 },
    { script: "kill -TERM $$", code: 143 },
  ])("$script: $code, as the command's", async ({ script, code }) => {
    expect(await proctor(["run", "sh", "-c", script])).toMatchObject({ stderr: "", exitCode: code });
  });

  test("a program that does not exist: 127", async () => {
    const result = await proctor(["run", "no-such-program"]);
    const stderr = "proctor: cannot start no-such-program: No such file or directory (os error 2)\n";
    expect(result).toMatchObject({ stdout: "", stderr, exitCode: 127 });
  });

  test.each(["/etc/passwd", "/tmp"])("%s, which cannot be executed: 126", async (path) => {
    const result = await proctor(["run", path]);
    const stderr = `proctor: cannot start ${path}: Permission denied (os error 13)\n`;
    expect(result).toMatchObject({ stdout: "", stderr, exitCode: 126 });
  });

  test("an executor that is not there: 125", async () => {
    const { stderr, exitCode } = await proctor(["run", "--url", "ws://127.0.0.1:1", "true"]);
    expect(stderr).toMatch(/^proctor: the link to the executor failed: .+\n$/);
    expect(exitCode).toBe(125);
  });

  test("a URL that is none: 125", async () => {
    const result = await proctor(["run", "--url", "localhost", "true"]);
    const stderr = "proctor: not a websocket URL: (9 characters that are no URL)\n"; // whatever they are, a secret perhaps
    expect(result).toMatchObject({ stderr, exitCode: 125 });
  });

  test("an executor that is lost with its sessions while the command runs: 125", async () => {
    await using server = proctor(["serve"]);
    const url = (await printed(server.stdout, /\n/)).trim();
    await using running = proctor(["run", "--url", url, "--stdin", "sh", "-c", "echo started; exec cat"]);
    await printed(running.stdout, /started/);
    server.kill("SIGKILL");
    await server;
    await using _successor = proctor(["serve", "--listen", url]);
    const { stderr, exitCode } = await running;
    expect(stderr).toMatch(
      /^proctor: connection lost \(.+\), recovering\nproctor: the link to the executor failed: .*unknown session.*\n$/,
    );
    expect(exitCode).toBe(125);
  });

  test.each([
    { args: [], fault: "no command to run" },
    { args: ["--tty"], fault: "no command to run" },
    { args: ["--"], fault: "no command to run" },
    { args: ["--env", "=value", "true"], fault: "--env takes NAME=VALUE, or the id of an environment, not `=value`" },
    { args: ["--env", "a", "--env", "b", "true"], fault: "--env names two environments, `a` and `b`" },
    { args: ["--url", "ws://h", "--env", "a", "true"], fault: "--url and --env ID name two places to run" },
    { args: ["--url", "ws://h", "--environments", "f", "true"], fault: "--environments says nothing about --url" },
  ])("a command line that makes no sense: 125 ($fault: $args)", async ({ args, fault }) => {
    const { stdout, stderr, exitCode } = await proctor(["run", ...args]);
    expect(stderr.startsWith(`proctor: ${fault}\n\nUsage: proctor run`)).toBe(true);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 125 });
  });
});

describe("the place", () => {
  test("here it is the present directory, and --cwd counts from it", async () => {
    await using folder = await scratchFolder();
    expect((await proctor(["run", "pwd"], { cwd: folder.path })).stdout).toBe(`${folder.path}\n`);
    expect((await proctor(["run", "--cwd", "..", "pwd"], { cwd: folder.path })).stdout).toBe(
      `${await realpath(join(folder.path, ".."))}\n`,
    );
  });

  test("on an executor it is the root, or what --cwd says", async () => {
    await using server = await serve();
    expect((await proctor(["run", "--url", server.url, "pwd"])).stdout).toBe("/\n");
    expect((await proctor(["run", "--url", server.url, "--cwd", "/usr", "pwd"])).stdout).toBe("/usr\n");
  });

  test("--env sets variables, and what follows the command is the command's", async () => {
    const args = [
      "run",
      "--env",
      "A=1",
      "--env=B=x=y",
      "sh",
      "-c",
      'echo $A $B "$@"',
      "sh",
      "--env",
      "C=3",
      "--",
      "--tty",
    ];
    expect(await proctor(args)).toMatchObject({ stdout: "1 x=y --env C=3 -- --tty\n", exitCode: 0 });
  });

  test("-- ends the options", async () => {
    expect(await proctor(["run", "--", "echo", "--", "--help"])).toMatchObject({ stdout: "-- --help\n", exitCode: 0 });
  });
});

describe("signals", () => {
  test("Ctrl-C interrupts the command, whose exit code counts", async () => {
    await using running = proctor([
      "run",
      "sh",
      "-c",
      "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done",
    ]);
    await printed(running.stdout, /ready/);
    running.kill("SIGINT");
    expect(await running).toMatchObject({ stdout: "ready\ncaught\n", stderr: "", exitCode: 9 });
  });

  test("a second Ctrl-C at once kills a command that takes no notice", async () => {
    await using running = proctor([
      "run",
      "sh",
      "-c",
      "trap 'echo ignored' INT; echo ready; while :; do sleep 0.1; done",
    ]);
    await printed(running.stdout, /ready/);
    running.kill("SIGINT");
    await printed(running.stdout, /ignored/);
    running.kill("SIGINT");
    expect(await running).toMatchObject({ stderr: "", exitCode: 137 });
  });

  test.each(["SIGTERM", "SIGHUP"] as const)("%s kills the command", async (signal) => {
    await using running = proctor(["run", "sh", "-c", "trap '' TERM HUP; echo $$; while :; do sleep 0.1; done"]);
    const pid = Number(await printed(running.stdout, /\n/));
    running.kill(signal);
    expect(await running).toMatchObject({ stderr: "", exitCode: 137 });
    expect(isAlive(pid)).toBe(false);
  });

  test("once the command has exited, Ctrl-C does not wait for a descendant that holds the output", async () => {
    const script = "sh -c 'echo $$; exec sleep 600' & exit 4";
    await using running = proctor(["run", "sh", "-c", script]);
    const pid = Number(await printed(running.stdout, /\n/));
    // Collected by its parent, which is the executor in our command: then the exit is known there.
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]).toBe("1");
    running.kill("SIGINT");
    expect((await running).exitCode).toBe(4);
  });

  test("who insists does not wait for an executor that no longer answers", async () => {
    await using executor = await silentExecutor();
    await using running = proctor(["run", "--url", executor.url, "anything"]);
    await executor.asked("process/start");
    running.kill("SIGTERM");
    await executor.asked("process/terminate");
    running.kill("SIGTERM");
    const stderr = "proctor: no answer from the executor; the command may still be running there\n";
    expect(await running).toMatchObject({ stderr, exitCode: 125 });
  });
});

/** Answers up to the start of a process, and nothing from then on. */
async function silentExecutor() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const asked = new Set<string>();
  server.on("connection", (socket) =>
    socket.on("message", (data) => {
      const { id, method, params } = JSON.parse(String(data));
      if (method === "initialize") socket.send(JSON.stringify({ id, result: { sessionId: "session" } }));
      if (method === "process/start") socket.send(JSON.stringify({ id, result: { processId: params.processId } }));
      asked.add(method);
    }),
  );
  // The address of a TCP server is an object.
  const { port } = server.address() as { port: number };
  return {
    url: `ws://127.0.0.1:${port}`,
    asked: (method: string) => expect.poll(() => asked.has(method), { timeout: 10_000 }).toBe(true),
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

describe("input", () => {
  test("without --stdin the command reads an empty one", async () => {
    expect(await proctor(["run", "cat"], { input: "unread" })).toMatchObject({ stdout: "", stderr: "", exitCode: 0 });
  });

  test("--stdin forwards bytes as they come", async () => {
    const bytes = randomBytes(1_000_000);
    const { stdout, exitCode } = await proctor(["run", "--stdin", "head", "-c", "1000000"], {
      input: bytes,
      encoding: "buffer",
    });
    expect(exitCode).toBe(0);
    expect(Buffer.compare(Buffer.from(stdout), bytes)).toBe(0);
  });

  test("with --stdin a command that ends is not held up by input that does not", async () => {
    await using running = proctor(["run", "--stdin", "--", "sh", "-c", 'read line; echo "got $line"'], {
      buffer: true,
    });
    running.stdin?.write("this\n");
    expect(await running).toMatchObject({ stdout: "got this\n", stderr: "", exitCode: 0 });
  });

  test.each(["here", "on an executor"])("--stdin tells the command the end of the input, %s", async (place) => {
    await using server = await serve();
    const where = place === "here" ? [] : ["--url", server.url];
    const result = await proctor(["run", ...where, "--stdin", "--", "sort"], { input: "b\nc\na\n" });
    expect(result).toMatchObject({ stdout: "a\nb\nc\n", stderr: "", exitCode: 0 });
  });
});

await withReference(() => {
  test("where an executor cannot tell a command the end of the input, the user is told", async () => {
    await using server = await startServer("reference");
    await using running = proctor(["run", "--url", server.url, "--stdin", "cat"], { input: "last" });
    const [notice] = await Promise.all([printed(running.stderr, /\n/), printed(running.stdout, /last/)]);
    expect(notice).toBe(
      "proctor: the local input has ended, but this executor cannot tell the command; Ctrl-C ends it\n",
    );
    running.kill("SIGINT");
    expect(await running).toMatchObject({ stdout: "last", exitCode: 130 });
  });
});

describe("a lost connection", () => {
  const script = "seq 1 400000; read go; seq 400001 800000; exit 7";

  test("is a pause: the user hears of it, and the output is the same to the byte", async () => {
    await using server = await serve();
    await using proxy = await FaultProxy.before(server.url);
    const args = (url: string) => ["run", "--url", url, "--stdin", "--", "sh", "-c", script];
    const undisturbed = await proctor(args(server.url), { input: "go\n" });
    expect(undisturbed).toMatchObject({ stderr: "", exitCode: 7 });

    await using running = proctor(args(proxy.url));
    await printed(running.stdout, /^1000$/m);
    proxy.refuse(true);
    proxy.cut();
    expect(await printed(running.stderr, /\n/)).toMatch(/^proctor: connection lost \(.+\), recovering\n$/);
    running.stdin?.end("go\n"); // typed during the outage
    proxy.refuse(false);
    const { stdout, stderr, exitCode } = await running;
    expect(stderr).toMatch(/^proctor: connection lost \(.+\), recovering\nproctor: recovered\n$/);
    expect(exitCode).toBe(7);
    expect(stdout === undisturbed.stdout).toBe(true); // not toBe: nobody wants to read that difference
  });

  test("is a pause also for a command that was itself suspended, for longer than the executor puts up with", async () => {
    const clock = new VirtualClock();
    await using server = await serve({ clock });
    const args = ["run", "--url", server.url, "--stdin", "--", "sh", "-c", script];
    const undisturbed = await proctor(args, { input: "go\n" });

    await using running = proctor(args);
    await printed(running.stdout, /^1000$/m);
    running.kill("SIGSTOP");
    const connections = () => {
      clock.advance(1_000);
      return server.executor.counts.connections;
    };
    // A minute without a sign of life, on the executor's clock.
    await expect.poll(connections, { interval: 5, timeout: 10_000 }).toBe(0);
    expect(server.executor.counts).toMatchObject({ sessions: 1, processes: 1 });
    running.kill("SIGCONT");
    running.stdin?.end("go\n");
    const { stdout, stderr, exitCode } = await running;
    expect(stderr).toMatch(/^proctor: connection lost \(.+\), recovering\nproctor: recovered\n$/);
    expect(exitCode).toBe(7);
    expect(stdout === undisturbed.stdout).toBe(true);
  });

  test("may come again and again", async () => {
    await using server = await serve();
    await using proxy = await FaultProxy.before(server.url);
    await using running = proctor(["run", "--url", proxy.url, "--", "sh", "-c", "seq 1 2000000"]);
    const seen: number[] = [];
    proxy.onBytes = () => {
      // Five times, a megabyte after the last one.
      if (seen.length >= 5 || proxy.bytesToClient < (seen.at(-1) ?? 0) + 1_000_000) return;
      seen.push(proxy.bytesToClient);
      proxy.cut();
    };
    const { stdout, stderr, exitCode } = await running;
    expect(exitCode).toBe(0);
    expect(stdout === Array.from({ length: 2_000_000 }, (_, n) => `${n + 1}\n`).join("")).toBe(true);
    expect(stderr).toMatch(/(proctor: connection lost \(.+\), recovering\nproctor: recovered\n)+$/);
    expect(proxy.accepted).toBe(6);
  });
});
