import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type ConnectOptions,
  connect,
  DisconnectedError,
  EventGapError,
  type Link,
  LinkFailedError,
  ProcessLostError,
  type RemoteEvent,
} from "../../../src/index.ts";
import { type RunningServer, type ServerKind, startServer } from "../../conformance/peer/server.ts";
import { FaultProxy } from "../../fault-proxy.ts";
import { verifies } from "../../rules/verifies.ts";

/** Resolves when the link is in this state. */
function reached(link: Link, wanted: string): Promise<void> {
  return new Promise((resolve, reject) => {
    link.state$.subscribe({
      next: ({ value }) => {
        if (value === wanted) resolve();
      },
      complete: () => reject(new Error(`the link ended before it was ${wanted}`)),
    });
  });
}

/** Resolves with what is in a file as soon as there is anything. */
async function written(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text !== "") return text;
  }
}

/** A number that depends on its index alone, so that a failure can be repeated. */
function pseudoRandom(index: number): number {
  const mixed = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  return (mixed ^ (mixed >>> 15)) / 2 ** 32;
}

/** Numbered lines as far as they go. */
const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}\n`).join("");

/** What a link over real sockets makes of bad networks; the same for our executor and that of Codex, but for D-items. */
export function recoverySuite(kind: ServerKind): void {
  const isReference = kind === "reference";
  let server: RunningServer;
  let proxy: FaultProxy;
  let folder: string;

  const open = (options?: ConnectOptions) => connect(proxy.url, { cwd: folder, ...options });

  beforeAll(async () => {
    server = await startServer(kind);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    proxy = await FaultProxy.before(server.url);
    folder = await mkdtemp(join(tmpdir(), "proctor-recovery-"));
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  describe(`a link to ${isReference ? "Codex" : "Proctor"} over a bad network`, { timeout: 60_000 }, () => {
    it("delivers output exactly across 50 cuts: every byte once, every number once (03 I-1, I-2)", async () => {
      verifies("03 I-1", "03 I-2", "03 CL-43");
      await using link = await open();
      const script =
        'i=0; while [ $i -lt 3000 ]; do echo "line $i"; [ $((i % 3)) = 0 ] && echo "error $i" >&2; [ $((i % 50)) = 0 ] && sleep 0.02; i=$((i+1)); done; exit 7';
      const process = await link.start(["sh", "-c", script]);
      const events: RemoteEvent[] = [];
      process.events$.subscribe({ next: (event) => events.push(event), error: () => undefined });
      const text = { stdout: "", stderr: "" };
      const reading = (async () => {
        for await (const { stream, bytes } of process.output) {
          if (stream !== "pty") text[stream] += Buffer.from(bytes).toString();
        }
      })();
      let cuts = 0;
      for (; cuts < 50 && events.at(-1)?.type !== "closed"; cuts += 1) {
        const before = proxy.bytesToClient;
        const wanted = 200 + pseudoRandom(cuts) * 2_000;
        await new Promise<void>((resolve) => {
          proxy.onBytes = () => {
            if (proxy.bytesToClient - before > wanted || events.at(-1)?.type === "closed") resolve();
          };
          void process.closed.then(resolve, resolve);
        });
        if (events.at(-1)?.type === "closed") break;
        const generation = link.state.generation;
        proxy.cut();
        await new Promise<void>((resolve) => {
          link.state$.subscribe((state) => {
            if (state.value === "Connected" && state.generation > generation) resolve();
          });
        });
      }
      proxy.onBytes = null;
      await reading;
      expect(cuts).toBeGreaterThan(20);
      expect(text.stdout).toBe(lines(3_000));
      expect(text.stderr).toBe(Array.from({ length: 1_000 }, (_, n) => `error ${3 * n}\n`).join(""));
      expect(await process.exited).toMatchObject({ exitCode: 7 });
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: events.length }, (_, n) => n + 1));
      expect(events.filter(({ type }) => type === "exited")).toHaveLength(1);
    });

    it("writes 2,000 lines across random cuts exactly once, in order (03 I-8)", async () => {
      verifies("03 I-8", "03 CL-30", "03 CL-31");
      await using link = await open();
      const process = await link.start(["sh", "-c", "head -n 2000 > got; echo done"], { stdin: true });
      const done = process.text();
      let cuts = 0;
      let passed = 0;
      let next = 1_000;
      proxy.onBytes = (direction, piece) => {
        if (direction === "toExecutor") passed += piece.length;
        if (passed < next || cuts >= 30) return;
        next = passed + 500 + pseudoRandom(cuts) * 10_000;
        cuts += 1;
        setImmediate(() => proxy.cut());
      };
      const writes = Array.from({ length: 2_000 }, (_, n) => process.stdin.write(`line ${n}\n`));
      await Promise.all(writes);
      expect(await done).toBe("done\n");
      expect(await readFile(join(folder, "got"), "utf8")).toBe(lines(2_000));
      expect(cuts).toBeGreaterThan(5);
    });

    it("lets calls wait while nobody can be reached, and makes them then (03 CL-20)", async () => {
      verifies("03 CL-20");
      await using link = await open();
      proxy.refuse(true);
      proxy.cut();
      await reached(link, "Recovering");
      const writing = link.files.writeFile(join(folder, "a"), "late");
      const starting = link.start(["echo", "late too"]);
      proxy.refuse(false);
      await writing;
      expect(await (await starting).text()).toBe("late too\n");
      expect(await readFile(join(folder, "a"), "utf8")).toBe("late");
      expect(link.state.sessionId).toEqual(expect.any(String));
    });

    it("repeats what is harmless, and tells the truth of what is not (03 CL-21, CL-22, D-5)", async () => {
      verifies("03 CL-21", "03 CL-22");
      await using link = await open();
      proxy.stall("toClient");
      const info = link.environmentInfo();
      const writing = link.files.writeFile(join(folder, "b"), "written").catch((error: unknown) => error);
      // It has been applied when the executor can be seen to have done it; the answer is on its way, and gets lost.
      expect(await written(join(folder, "b"))).toBe("written");
      const cutting = reached(link, "Recovering");
      proxy.cut();
      proxy.heal();
      await cutting;
      expect((await info).shell).toBeDefined();
      const outcome = await writing;
      if (isReference) {
        expect(outcome).toBeInstanceOf(DisconnectedError);
        expect(outcome).toMatchObject({ code: "disconnected", effect: "unknown" });
      } else expect(outcome).toBeUndefined();
      expect(await readFile(join(folder, "b"), "utf8")).toBe("written");
    });

    it("adopts a process whose start was answered into the void: it runs once, and nothing of it is lost (03 D-4)", async () => {
      verifies("03 D-4");
      await using link = await open();
      proxy.stall("toClient");
      const starting = link.start(["sh", "-c", "echo $$ >> pids; echo hello; exec sleep 1000"]);
      starting.catch(() => undefined);
      await written(join(folder, "pids"));
      const cutting = reached(link, "Recovering");
      proxy.cut();
      proxy.heal();
      await cutting;
      await using process = await starting;
      const { value } = await process.output.next();
      expect(Buffer.from(value.bytes).toString()).toBe("hello\n");
      expect((await readFile(join(folder, "pids"), "utf8")).trim().split("\n")).toHaveLength(1);
    });

    it.each([false, true])(
      "of a start that never arrived tells the truth, or repeats it (repeatStart: %s) (03 D-4)",
      async (repeatStart) => {
        verifies("03 D-4");
        await using link = await open();
        proxy.stall("toExecutor");
        const starting = link.start(["sh", "-c", "echo once >> runs"], { repeatStart });
        starting.catch(() => undefined);
        const cutting = reached(link, "Recovering");
        await new Promise((resolve) => setImmediate(resolve)); // it has left the client
        proxy.cut();
        proxy.heal();
        await cutting;
        if (isReference && !repeatStart) {
          await expect(starting).rejects.toMatchObject({ code: "disconnected", effect: "unknown" });
          expect(await readFile(join(folder, "runs"), "utf8").catch(() => "never")).toBe("never");
        } else {
          await (await starting).closed;
          expect(await readFile(join(folder, "runs"), "utf8")).toBe("once\n");
        }
      },
    );

    it("hears of an exit and a close that came during the outage, at their numbers (03 T-7, CL-42)", async () => {
      verifies("03 CL-42", "03 CL-41");
      await using link = await open();
      const go = "echo ready; while [ ! -e go ]; do sleep 0.01; done;";
      const closing = await link.start(["sh", "-c", `${go} echo last; echo > closed; exit 7`]);
      const exiting = await link.start(["sh", "-c", `${go} sleep 1000 & echo $! > left; exit 8`]);
      const seen = [closing, exiting].map((process) => {
        const events: RemoteEvent[] = [];
        process.events$.subscribe({ next: (event) => events.push(event), error: () => undefined });
        return events;
      });
      await Promise.all([closing, exiting].map((process) => process.output.next()));
      proxy.refuse(true);
      proxy.cut();
      await writeFile(join(folder, "go"), "");
      const left = Number(await written(join(folder, "left")));
      await written(join(folder, "closed"));
      proxy.refuse(false);
      expect(await closing.exited).toMatchObject({ exitCode: 7 });
      expect(await exiting.exited).toMatchObject({ exitCode: 8 });
      await closing.closed;
      // The last words may be read before the exit or after it (02 P-26).
      expect(seen[0]?.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
      expect(seen[0]?.map(({ type }) => type).toSorted()).toEqual(["closed", "exited", "output", "output"]);
      expect(seen[0]?.at(-1)?.type).toBe("closed");
      expect(seen[1]?.map(({ seq, type }) => `${seq} ${type}`)).toEqual(["1 output", "2 exited"]);
      process.kill(left, "SIGKILL");
      await exiting.closed;
    });

    it("fails at once, with one text for all, when the executor was restarted and knows no session (03 CL-15, T-12)", async () => {
      verifies("03 CL-15", "03 SS-64", "03 I-24");
      await using other = await startServer(kind);
      proxy.retarget(other.url);
      const link = await open();
      const remote = await link.start(["sleep", "1000"], { stdin: true });
      const pending = Promise.allSettled([remote.exited, remote.closed, remote.text()]);
      proxy.retarget(server.url);
      other.child.kill("SIGKILL");
      await other.exited;
      for (const outcome of await pending) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { code: "linkFailed", effect: "unknown" } });
      }
      expect(link.state.value).toBe("Failed");
      expect(link.state.reason).toMatch(/; failed to resume the session: unknown session id [-0-9a-f]+$/);
      const message = `the link to the executor failed: ${link.state.reason}`;
      for (const call of [link.start(["true"]), link.environmentInfo(), remote.stdin.write("x"), remote.terminate()]) {
        await expect(call).rejects.toMatchObject({ code: "linkFailed", effect: "notApplied", message });
      }
      await link.close();
    });

    it("gives up at the deadline when nobody comes back (03 CL-15, I-22)", async () => {
      verifies("03 CL-15", "03 I-22");
      await using link = await open({ recoveryDeadlineMs: 300 });
      const remote = await link.start(["sleep", "1000"]);
      const exited = remote.exited.catch((error: unknown) => error);
      proxy.refuse(true);
      proxy.cut();
      expect(await exited).toBeInstanceOf(LinkFailedError);
      expect(link.state.reason).toMatch(/; failed to resume the session: recovery timed out after 0.3s$/);
      proxy.refuse(false);
    });

    it("is closed while it recovers, within a second, and leaves nothing open (03 CL-18)", async () => {
      verifies("03 CL-18");
      const link = await open();
      const remote = await link.start(["sleep", "1000"]);
      const exited = remote.exited.catch((error: { code: string }) => error.code);
      proxy.refuse(true);
      proxy.cut();
      await reached(link, "Recovering");
      await link.close();
      expect(link.state.value).toBe("Closed");
      expect(await exited).toBe("linkClosed");
      expect(proxy.open).toBe(0);
    });

    it("survives a slow network of tiny pieces, cut in the middle of messages", async () => {
      await using link = await open();
      proxy.throttle(7);
      const remote = await link.start(["sh", "-c", "seq 1 300; read end"], { stdin: true });
      let text = "";
      let cuts = 0;
      for await (const { bytes } of remote.output) {
        text += Buffer.from(bytes).toString();
        if (cuts < 5) {
          cuts += 1;
          proxy.cut();
          void remote.stdin.write("").catch(() => undefined);
        }
        if (text.endsWith("\n300\n")) await remote.stdin.write("end\n");
      }
      expect(text).toBe(Array.from({ length: 300 }, (_, n) => `${n + 1}\n`).join(""));
      expect(cuts).toBeGreaterThan(0);
    });

    it("resumes a hundred sessions that are dropped at once, each its own, none twice (03 I-13, I-15)", async () => {
      verifies("03 I-13", "03 I-15");
      const links = await Promise.all(Array.from({ length: 100 }, () => open()));
      const remotes = await Promise.all(
        links.map((link, n) => link.start(["sh", "-c", `read x; echo ${n} $x`], { stdin: true })),
      );
      const sessions = links.map(({ state }) => state.sessionId);
      expect(new Set(sessions).size).toBe(100);
      const recovering = links.map((link) => reached(link, "Recovering"));
      proxy.cut();
      await Promise.all(recovering);
      const texts = remotes.map((remote) => remote.text());
      await Promise.all(remotes.map((remote) => remote.stdin.write("hello\n")));
      expect(await Promise.all(texts)).toEqual(links.map((_, n) => `${n} hello\n`));
      expect(links.map(({ state }) => state.sessionId)).toEqual(sessions);
      expect(links.every(({ state }) => state.value === "Connected")).toBe(true);
      await Promise.all(links.map((link) => link.close()));
    });

    if (isReference) {
      it("loses one process, and says so, when more was printed during the outage than the executor keeps (03 I-25, T-6)", async () => {
        verifies("03 I-25", "03 CL-44", "03 I-4");
        await using link = await open();
        const flooding =
          "echo ready; while [ ! -e go ]; do sleep 0.01; done; head -c 3000000 /dev/zero; echo > flooded";
        const flood = await link.start(["sh", "-c", `${flooding}; exec sleep 1000`]);
        const calm = await link.start(["cat"], { stdin: true });
        const events: RemoteEvent[] = [];
        const lost = new Promise<unknown>((resolve) => {
          flood.events$.subscribe({ next: (event) => events.push(event), error: resolve });
        });
        const outcomes = Promise.allSettled([flood.exited, flood.closed]);
        await flood.output.next();
        proxy.refuse(true);
        proxy.cut();
        // Without a connection nothing slows the child down.
        await writeFile(join(folder, "go"), "");
        await written(join(folder, "flooded"));
        proxy.refuse(false);
        const error = await lost;
        expect(error).toBeInstanceOf(ProcessLostError);
        const { cause } = error as ProcessLostError;
        expect(cause).toBeInstanceOf(EventGapError);
        const { afterSeq, beforeSeq } = cause as EventGapError;
        expect(afterSeq).toBe(events.length);
        expect(beforeSeq - afterSeq).toBeGreaterThan(100);
        for (const outcome of await outcomes)
          expect(outcome).toMatchObject({ status: "rejected", reason: { code: "processLost" } });
        const echoed = calm.output.next();
        await calm.stdin.write("still here\n");
        expect(Buffer.from((await echoed).value.bytes).toString()).toBe("still here\n");
        expect(link.state.value).toBe("Connected");
      });
    }
  });
}
