import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { connect, type Link, serve } from "../../src/index.ts";
import { FaultProxy } from "../fault-proxy.ts";
import { printed, proctor } from "./command.ts";

const sh = (script: string) => ["sh", "-c", script];

async function venue() {
  const observing = Promise.withResolvers<void>();
  const server = await serve({
    onInspection: (event) => {
      if (event.type !== "@xstate.snapshot" || !("value" in event.snapshot)) return;
      if (JSON.stringify(event.snapshot.value).includes("Observing")) observing.resolve();
    },
  });
  const link = await connect(server.url);
  const watch = (...more: string[]) => proctor(["observe", "--url", server.url, ...more, link.observerKey]);
  return {
    server,
    link,
    watch,
    /** Resolves when somebody observes. */
    observing: observing.promise,
    [Symbol.asyncDispose]: async () => {
      await link.close();
      await server.close();
    },
  };
}

/** Starts a program that waits for a line before it goes on. */
const waiting = (link: Link, script: string) => link.start(sh(`read go; ${script}`), { stdin: true });

describe("what is shown", () => {
  test("one process as it is: its bytes on their streams, live, and its end on stderr", async () => {
    await using place = await venue();
    const process = await waiting(place.link, "echo out; echo err >&2; read more; exit 3");
    await using watching = place.watch();
    await process.stdin.write("go\n");
    expect(await printed(watching.stdout, /\n/)).toBe("out\n");
    await process.stdin.write("more\n");
    await process.closed;
    await place.link.close();
    const { stdout, stderr, exitCode } = await watching;
    expect([stdout, exitCode]).toEqual(["out\n", 0]);
    expect(stderr).toBe(`err\nproctor: process ${process.processId} exited with 3\n`);
  });

  test("1 MB of random bytes unchanged", async () => {
    await using place = await venue();
    const bytes = randomBytes(1_000_000);
    const process = await place.link.start(["cat"], { stdin: true });
    await using watching = proctor(["observe", "--url", place.server.url, place.link.observerKey], {
      encoding: "buffer",
    });
    const own = process.closed;
    await process.stdin.write(bytes);
    await process.stdin.end();
    await own;
    await printed(watching.stderr, /exited with 0/);
    await place.link.close();
    expect(Buffer.compare(Buffer.from((await watching).stdout), bytes)).toBe(0);
  });

  test("each line behind the name of its process, once there are two, also where lines are broken off", async () => {
    await using place = await venue();
    const first = await waiting(place.link, "printf 'a1\\na'; read go; printf '2\\n'; read go");
    const second = await waiting(place.link, "printf 'b1\\nb2\\n'");
    await using watching = place.watch();
    const until = (pattern: RegExp) => printed(watching.stdout, pattern);
    const begun = until(/a$/);
    await first.stdin.write("go\n");
    await begun;
    const next = until(/b2\n/);
    await second.stdin.write("go\n");
    await next;
    const last = until(/2\n/);
    await first.stdin.write("go\n");
    await last;
    await place.link.close();
    const [a, b] = [`[${first.processId}] `, `[${second.processId}] `];
    const { stdout, exitCode, stderr } = await watching;
    expect([stdout, exitCode]).toEqual([`a1\na\n${b}b1\n${b}b2\n${a}2\n`, 0]);
    expect(stderr).toContain(`the session of process ${first.processId} was over before the process was`);
  });

  test("one process of several, and the end with it", async () => {
    await using place = await venue();
    const wanted = await waiting(place.link, "echo wanted");
    const other = await place.link.start(sh("echo other; exec sleep 1000"));
    await using watching = place.watch("--process", wanted.processId);
    await wanted.stdin.write("go\n");
    const { stdout, exitCode } = await watching;
    expect([stdout, exitCode]).toEqual(["wanted\n", 0]);
    await other.terminate();
  });

  test("what it missed is said, not hidden", async () => {
    await using server = await serve({ output: { memoryBytes: 1024 * 1024 } });
    await using link = await connect(server.url);
    const process = await link.start(sh("head -c 5000000 /dev/zero; read go"), { stdin: true });
    let received = 0;
    for await (const { bytes } of process.output) {
      received += bytes.length;
      if (received === 5_000_000) break;
    }
    await using watching = proctor(["observe", "--url", server.url, "--process", process.processId, link.observerKey]);
    const gap = printed(watching.stderr, /lost/);
    await gap;
    await process.stdin.end();
    const { stdout, stderr } = await watching;
    expect(stderr).toMatch(/: \d+ pieces of output are lost here\n.* exited with/);
    expect(stdout.length).toBeLessThan(5_000_000);
  });
});

describe("watching changes nothing", () => {
  test("an observer that is killed is not noticed", async () => {
    await using place = await venue();
    const process = await waiting(place.link, "echo done");
    await using watching = place.watch();
    await place.observing;
    watching.kill("SIGKILL");
    await watching;
    await process.stdin.write("go\n");
    expect(await process.text()).toBe("done\n");
  });

  test("a reader of the observer that goes away ends the observer alone", async () => {
    await using place = await venue();
    const process = await waiting(place.link, "exec yes");
    await using watching = proctor(["observe", "--url", place.server.url, place.link.observerKey], { buffer: false });
    await process.stdin.write("go\n");
    await printed(watching.stdout, /y\n/);
    watching.stdout?.destroy();
    expect((await watching).exitCode).toBe(141);
    expect((await place.link.processes()).map(({ state }) => state)).toEqual(["running"]);
  });
});

describe("together with `proctor run`", () => {
  test("--observable prints the line to type, which shows what the command prints", async () => {
    await using server = await serve();
    const command = sh("echo ready; read go; echo seen; exit 4");
    await using running = proctor(["run", "--url", server.url, "--stdin", "--observable", ...command], {
      stdin: "pipe",
    });
    const [line] = (await printed(running.stderr, /\n/)).split("\n");
    const [, args] = /^proctor: watch with: proctor (.*)$/.exec(line ?? "") ?? [];
    await using watching = proctor(args?.split(" ") ?? []);
    await printed(watching.stdout, /ready\n/);
    const seen = printed(watching.stdout, /seen\n/);
    running.stdin?.write("go\n");
    running.stdin?.end();
    expect((await running).exitCode).toBe(4);
    await seen;
    const { stdout, exitCode } = await watching;
    expect([stdout, exitCode]).toEqual(["ready\nseen\n", 0]);
  });

  test("--observable needs an executor that others can reach", async () => {
    const { exitCode, stderr } = await proctor(["run", "--observable", "true"]);
    expect(exitCode).toBe(125);
    expect(stderr).toContain("--observable needs --url");
  });
});

describe("what goes wrong", () => {
  test("a wrong key is refused, and not repeated", async () => {
    await using place = await venue();
    const { exitCode, stderr } = await proctor(["observe", "--url", place.server.url, "secret-secret"]);
    expect([exitCode, stderr]).toEqual([1, "proctor: no session has this observer key\n"]);
  });

  test("a process that never was", async () => {
    await using place = await venue();
    await using watching = place.watch("--process", "nope");
    await place.observing;
    await place.link.close();
    const { exitCode, stderr } = await watching;
    expect([exitCode, stderr]).toEqual([1, "proctor: the session was over without a process nope\n"]);
  });

  test("a lost connection is a pause, and nothing comes twice", async () => {
    await using place = await venue();
    await using proxy = await FaultProxy.before(place.server.url);
    const process = await waiting(place.link, "echo one; read go; echo two");
    await using watching = proctor(["observe", "--url", proxy.url, place.link.observerKey]);
    const one = printed(watching.stdout, /one\n/);
    await process.stdin.write("go\n");
    await one;
    const back = printed(watching.stderr, /recovered\n/);
    proxy.cut();
    await back;
    const two = printed(watching.stdout, /two\n/);
    await process.stdin.write("go\n");
    await two;
    await place.link.close();
    const { stdout, exitCode } = await watching;
    expect([stdout, exitCode]).toEqual(["one\ntwo\n", 0]);
  });

  test.each([[["observe", "key"]], [["observe", "--url", "ws://127.0.0.1:1"]], [["observe", "--url", "x", "a", "b"]]])(
    "%j is a mistake in usage",
    async (args) => {
      const { exitCode, stderr } = await proctor(args);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("Usage: proctor observe");
    },
  );

  test("the key can come from the environment", async () => {
    await using place = await venue();
    const process = await place.link.start(sh("echo out"));
    await process.closed;
    const args = ["observe", "--url", place.server.url, "--process", process.processId];
    const { stdout } = await proctor(args, { env: { PROCTOR_OBSERVER_KEY: place.link.observerKey } });
    expect(stdout).toBe("out\n");
  });
});
