import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect, DisconnectedError, type Link, LinkFailedError, type RemoteEvent } from "../../../src/index.ts";
import { type ServerKind, startServer } from "../../conformance/peer/server.ts";
import { verifies } from "../../rules/verifies.ts";
import { badNetwork, pseudoRandom, reached, written } from "./bad-network.ts";

/** Numbered lines as far as they go. */
const lines = (count: number, word = "line") => Array.from({ length: count }, (_, n) => `${word} ${n}\n`).join("");

/** Resolves when the link has another connection than the one of this generation. */
function recovered(link: Link, generation: number): Promise<void> {
  return new Promise((resolve) => {
    link.state$.subscribe((state) => {
      if (state.value === "Connected" && state.generation > generation) resolve();
    });
  });
}

/** What a link over real sockets makes of bad networks; the same for our executor and that of Codex, but for D-items. */
export function recoverySuite(kind: ServerKind): void {
  const isReference = kind === "reference";
  describe(`a link to ${isReference ? "Codex" : "Proctor"} over a bad network`, { timeout: 60_000 }, () => {
    const network = badNetwork(kind);
    const { open } = network;

    /** Resolves when so much more has gone to the client. */
    const bytesPassed = (bytes: number): Promise<void> => {
      const { proxy } = network;
      const enough = proxy.bytesToClient + bytes;
      return new Promise((resolve) => {
        proxy.onBytes = () => {
          if (proxy.bytesToClient < enough) return;
          proxy.onBytes = null;
          resolve();
        };
      });
    };

    it("delivers output exactly across 200 drops: every byte once, every number once (03 T-5, I-1, I-2)", async () => {
      verifies("03 T-5", "03 I-1", "03 I-2", "03 I-3", "03 CL-43");
      await using link = await open();
      const line = 'echo "line $i"; echo "error $i" >&2; i=$((i+1)); [ $((i % 20)) = 0 ] && sleep 0.01';
      const script = `i=0; while [ ! -e enough ]; do ${line}; done; echo $i > count; exit 7`;
      const process = await link.start(["sh", "-c", script]);
      const events: RemoteEvent[] = [];
      process.events$.subscribe((event) => events.push(event));
      const text = { stdout: "", stderr: "", pty: "" };
      const reading = (async () => {
        for await (const { stream, bytes } of process.output) text[stream] += Buffer.from(bytes).toString();
      })();
      for (let drops = 0; drops < 200; drops += 1) {
        const { generation } = link.state;
        await bytesPassed(200 + pseudoRandom(drops) * 2_000);
        network.proxy.cut();
        await recovered(link, generation);
      }
      await writeFile(join(network.folder, "enough"), "");
      await reading;
      const count = Number(await written(join(network.folder, "count")));
      expect(text.stdout).toBe(lines(count, "line"));
      expect(text.stderr).toBe(lines(count, "error"));
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
      network.proxy.onBytes = (direction, piece) => {
        if (direction === "toExecutor") passed += piece.length;
        if (passed < next || cuts >= 30) return;
        next = passed + 500 + pseudoRandom(cuts) * 10_000;
        cuts += 1;
        setImmediate(() => network.proxy.cut());
      };
      const writes = Array.from({ length: 2_000 }, (_, n) => process.stdin.write(`line ${n}\n`));
      await Promise.all(writes);
      expect(await done).toBe("done\n");
      expect(await readFile(join(network.folder, "got"), "utf8")).toBe(lines(2_000));
      expect(cuts).toBeGreaterThan(5);
    });

    it("lets calls wait while nobody can be reached, and makes them then (03 CL-20)", async () => {
      verifies("03 CL-20");
      await using link = await open();
      network.proxy.refuse(true);
      network.proxy.cut();
      await reached(link, "Recovering");
      const writing = link.files.writeFile(join(network.folder, "a"), "late");
      const starting = link.start(["echo", "late too"]);
      network.proxy.refuse(false);
      await writing;
      expect(await (await starting).text()).toBe("late too\n");
      expect(await readFile(join(network.folder, "a"), "utf8")).toBe("late");
      expect(link.state.sessionId).toEqual(expect.any(String));
    });

    it("repeats what is harmless, and tells the truth of what is not (03 CL-21, CL-22, D-5)", async () => {
      verifies("03 CL-21", "03 CL-22", "03 D-5", "03 D-17");
      await using link = await open();
      network.proxy.stall("toClient");
      const info = link.environmentInfo();
      const writing = link.files.writeFile(join(network.folder, "b"), "written").catch((error: unknown) => error);
      // It has been applied when the executor can be seen to have done it; the answer is on its way, and gets lost.
      expect(await written(join(network.folder, "b"))).toBe("written");
      const cutting = reached(link, "Recovering");
      network.proxy.cut();
      network.proxy.heal();
      await cutting;
      expect((await info).shell).toBeDefined();
      const outcome = await writing;
      if (isReference) {
        expect(outcome).toBeInstanceOf(DisconnectedError);
        expect(outcome).toMatchObject({ code: "disconnected", effect: "unknown" });
      } else expect(outcome).toBeUndefined();
      expect(await readFile(join(network.folder, "b"), "utf8")).toBe("written");
    });

    it("adopts a process whose start was answered into the void: it runs once, and nothing of it is lost (03 D-4)", async () => {
      verifies("03 D-4");
      await using link = await open();
      network.proxy.stall("toClient");
      const starting = link.start(["sh", "-c", "echo $$ >> pids; echo hello; exec sleep 1000"]);
      starting.catch(() => undefined);
      await written(join(network.folder, "pids"));
      const cutting = reached(link, "Recovering");
      network.proxy.cut();
      network.proxy.heal();
      await cutting;
      await using process = await starting;
      const { value } = await process.output.next();
      expect(Buffer.from(value.bytes).toString()).toBe("hello\n");
      expect((await readFile(join(network.folder, "pids"), "utf8")).trim().split("\n")).toHaveLength(1);
    });

    it.each([false, true])(
      "of a start that never arrived tells the truth, or repeats it (repeatStart: %s) (03 D-4)",
      async (repeatStart) => {
        verifies("03 D-4");
        await using link = await open();
        network.proxy.stall("toExecutor");
        const starting = link.start(["sh", "-c", "echo once >> runs"], { repeatStart });
        starting.catch(() => undefined);
        const cutting = reached(link, "Recovering");
        await new Promise((resolve) => setImmediate(resolve)); // it has left the client
        network.proxy.cut();
        network.proxy.heal();
        await cutting;
        if (isReference && !repeatStart) {
          await expect(starting).rejects.toMatchObject({ code: "disconnected", effect: "unknown" });
          expect(await readFile(join(network.folder, "runs"), "utf8").catch(() => "never")).toBe("never");
        } else {
          await (await starting).closed;
          expect(await readFile(join(network.folder, "runs"), "utf8")).toBe("once\n");
        }
      },
    );

    it("hears of an exit and a close that came during the outage, at their numbers (03 T-7, CL-42)", async () => {
      verifies("03 T-7", "03 CL-42", "03 CL-41");
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
      network.proxy.refuse(true);
      network.proxy.cut();
      await writeFile(join(network.folder, "go"), "");
      const left = Number(await written(join(network.folder, "left")));
      await written(join(network.folder, "closed"));
      network.proxy.refuse(false);
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
      verifies("03 T-12", "03 CL-15", "03 SS-64", "03 I-24");
      await using other = await startServer(kind);
      network.proxy.retarget(other.url);
      const link = await open();
      const remote = await link.start(["sleep", "1000"], { stdin: true });
      const pending = Promise.allSettled([remote.exited, remote.closed, remote.text()]);
      network.proxy.retarget(network.server.url);
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
      await using next = await connect(network.proxy.url);
      expect(await (await next.start(["echo", "anew"])).text()).toBe("anew\n");
      expect(next.state.sessionId).not.toBe(link.state.sessionId);
    });

    it("gives up at the deadline when nobody comes back (03 CL-15, I-22)", async () => {
      verifies("03 CL-15", "03 I-22");
      await using link = await open({ recoveryDeadlineMs: 300 });
      const remote = await link.start(["sleep", "1000"]);
      const exited = remote.exited.catch((error: unknown) => error);
      network.proxy.refuse(true);
      network.proxy.cut();
      expect(await exited).toBeInstanceOf(LinkFailedError);
      expect(link.state.reason).toMatch(/; failed to resume the session: recovery timed out after 0.3s$/);
      network.proxy.refuse(false);
    });

    it("is closed while it recovers, within a second, and leaves nothing open (03 CL-18)", async () => {
      verifies("03 CL-18");
      const link = await open();
      const remote = await link.start(["sleep", "1000"]);
      const exited = remote.exited.catch((error: { code: string }) => error.code);
      network.proxy.refuse(true);
      network.proxy.cut();
      await reached(link, "Recovering");
      await link.close();
      expect(link.state.value).toBe("Closed");
      expect(await exited).toBe("linkClosed");
      expect(network.proxy.open).toBe(0);
    });

    it("survives a slow network of tiny pieces, cut in the middle of messages", async () => {
      await using link = await open();
      network.proxy.throttle(7);
      const remote = await link.start(["sh", "-c", "seq 1 300; read end"], { stdin: true });
      let text = "";
      let cuts = 0;
      for await (const { bytes } of remote.output) {
        text += Buffer.from(bytes).toString();
        if (cuts < 5) {
          cuts += 1;
          network.proxy.cut();
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
      network.proxy.cut();
      await Promise.all(recovering);
      const texts = remotes.map((remote) => remote.text());
      await Promise.all(remotes.map((remote) => remote.stdin.write("hello\n")));
      expect(await Promise.all(texts)).toEqual(links.map((_, n) => `${n} hello\n`));
      expect(links.map(({ state }) => state.sessionId)).toEqual(sessions);
      expect(links.every(({ state }) => state.value === "Connected")).toBe(true);
      await Promise.all(links.map((link) => link.close()));
    });
  });
}
