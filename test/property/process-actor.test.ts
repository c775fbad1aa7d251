import fc from "fast-check";
import { expect, it } from "vitest";
import { Executor } from "../../src/executor/executor.ts";
import { nodeHost } from "../../src/executor/node-host.ts";
import { memoryTransportPair } from "../../src/transports/memory-transport.ts";
import { descendants } from "../conformance/peer/process-tree.ts";
import { RawConnection } from "../raw-connection.ts";
import { verifies } from "../rules/verifies.ts";
import { type Behaviour, ProcessExpectation } from "./process-expectation.ts";

const long = "x".repeat(60_000);
const behaviours: Readonly<Record<string, Behaviour>> = {
  prints: {
    argv: ["sh", "-c", "echo one; echo two >&2; echo three; exit 3"],
    prints: { stdout: "one\nthree\n", stderr: "two\n" },
    exitCode: 3,
  },
  printsMuch: {
    argv: ["sh", "-c", "head -c 60000 /dev/zero | tr '\\0' x; head -c 60000 /dev/zero | tr '\\0' x >&2"],
    prints: { stdout: long, stderr: long },
    exitCode: 0,
  },
  printsLate: {
    argv: ["sh", "-c", "(sleep 0.02; echo late) & echo early"],
    prints: { stdout: "early\nlate\n", stderr: "" },
    exitCode: 0,
  },
  echoes: { argv: ["cat"], pipeStdin: true, echoes: true },
  terminal: { argv: ["cat"], tty: true },
  missing: { argv: ["/no/such/program"] },
};

type Step =
  | { readonly do: "start"; readonly id: string; readonly behaviour: string }
  | { readonly do: "write"; readonly id: string; readonly length: number; readonly repeats: boolean }
  | { readonly do: "signal" | "terminate"; readonly id: string }
  | {
      readonly do: "read";
      readonly id: string;
      readonly afterSeq: number;
      readonly maxBytes: number | null;
      readonly waitMs: number;
    }
  | { readonly do: "await" | "detach" };

const id = fc.constantFrom("a", "b", "c");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("start" as const),
      id,
      behaviour: fc.constantFrom(...Object.keys(behaviours)),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      id,
      length: fc.oneof(fc.nat(10), fc.nat(100_000)),
      repeats: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("signal" as const, "terminate" as const), id }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      id,
      afterSeq: fc.nat(6),
      maxBytes: fc.option(fc.nat(50_000)),
      waitMs: fc.nat(30),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: "await" as const }) },
  { weight: 2, arbitrary: fc.constant({ do: "detach" as const }) },
);

/** An orchestrator that does as it is told, and after each drop what 03 CL-31 tells it: to repeat what was not answered. */
class Orchestrator {
  readonly executor = new Executor(nodeHost(), { onFault: (error) => this.faults.push(error) });
  readonly faults: unknown[] = [];
  readonly processes = new Map<string, ProcessExpectation>();
  #peer = this.#open();
  #sessionId = "";
  /** Answers that are still to come, each with what to do again if they do not. */
  #pending = new Map<Promise<void>, () => void>();
  #writes = 0;

  async begin(): Promise<void> {
    this.#sessionId = await this.#peer.handshake();
  }

  async take(what: Step): Promise<void> {
    switch (what.do) {
      case "start":
        return this.#start(what.id, what.behaviour);
      case "write":
        return this.#write(what.id, what.length, what.repeats);
      case "signal":
      case "terminate":
        return this.#disturb(what.id, what.do);
      case "read":
        return this.#read(what);
      case "await":
        return void (await Promise.all(this.#pending.keys()));
      case "detach":
        return this.#dropAndResume();
    }
  }

  /** Lets everything come to its end, and looks at the whole record of each process. */
  async finish(): Promise<void> {
    await Promise.all(this.#pending.keys());
    for (const [processId, process] of this.processes) {
      if (!process.disturbed && process.behaviour.echoes) await this.#untilPrinted(processId, process.input.length);
      const runs = !process.behaviour.prints;
      if (runs) {
        process.disturbed ||= process.behaviour.echoes !== true;
        await this.#peer.request("process/terminate", { processId });
      }
      process.check(await this.#untilClosed(processId));
    }
    this.#hearEvents(this.#peer);
    expect(this.executor.counts).toMatchObject({ sessions: 1, processes: this.processes.size });
    await this.#strangersSeeNothing();
    await this.executor.close();
    expect(this.faults).toEqual([]);
  }

  #open(): RawConnection {
    const [client, executor] = memoryTransportPair();
    void this.executor.accept(executor);
    return new RawConnection(client);
  }

  /** Sends a request whose answer is looked at when it comes; `again` repeats it on the next connection if it never does. */
  #ask(
    method: string,
    params: object,
    look: (answer: Awaited<ReturnType<RawConnection["answer"]>>) => void,
    again: () => void,
  ): void {
    const asked = this.#peer.answer(method, params).then((answer) => {
      this.#pending.delete(asked);
      look(answer);
    });
    this.#pending.set(asked, again);
  }

  #start(processId: string, name: string): void {
    const behaviour = behaviours[name] as Behaviour; // the names come from the table
    const { argv, tty = false, pipeStdin = false } = behaviour;
    const known = this.processes.get(processId);
    const missing = name === "missing";
    if (known === undefined && !missing) this.processes.set(processId, new ProcessExpectation(behaviour));
    const expected = known === undefined && !missing ? this.processes.get(processId) : undefined;
    const params = { processId, argv, cwd: "file:///tmp", env: { PATH: "/usr/bin:/bin" }, tty, pipeStdin };
    const ask = (repeated: boolean): void =>
      this.#ask(
        "process/start",
        params,
        (answer) => {
          // What is repeated may meet what came behind it the first time.
          const refusals = repeated ? [-32600, -32603] : [known ? -32600 : -32603];
          if (expected === undefined)
            expect(refusals).toContain("error" in answer ? answer.error.rpcCode : answer.result);
          else if ("error" in answer) expect([repeated, answer.error.rpcCode]).toEqual([true, -32600]);
          else expect(answer.result).toEqual({ processId });
        },
        () => ask(true),
      );
    ask(false);
  }

  #write(processId: string, length: number, repeats: boolean): void {
    const process = this.processes.get(processId);
    const last = process?.writes.at(-1);
    this.#writes += 1;
    const isNew = !repeats || last === undefined;
    const write = isNew
      ? { writeId: `w${this.#writes}`, text: `${this.#writes};`.padEnd(length, "."), outcome: undefined }
      : last;
    if (isNew) process?.writes.push(write);
    // A repeated write carries other bytes, which must not be seen anywhere (02 P-45).
    const chunk = btoa(isNew ? write.text : "repeated!");
    const ask = (text: string): void =>
      this.#ask(
        "process/write",
        { processId, writeId: write.writeId, chunk: text },
        (answer) => {
          const status = "error" in answer ? answer.error.rpcCode : answer.result.status;
          if (process === undefined) return expect(status).toBe("unknownProcess");
          const { pipeStdin = false, tty = false } = process.behaviour;
          if (!pipeStdin && !tty) return expect(status).toBe("stdinClosed");
          expect(process.disturbed ? ["accepted", "stdinClosed", -32603] : ["accepted"]).toContain(status);
          if (isNew)
            (write as { outcome: string | undefined }).outcome = status === "accepted" ? "accepted" : "refused";
        },
        () => process && ask(text),
      );
    ask(chunk);
  }

  #disturb(processId: string, how: "signal" | "terminate"): void {
    const process = this.processes.get(processId);
    if (process !== undefined) process.disturbed = true;
    const params = how === "signal" ? { processId, signal: "interrupt" } : { processId };
    const ask = (): void =>
      this.#ask(
        `process/${how}`,
        params,
        (answer) => {
          if ("error" in answer) expect.fail(`${how} was answered ${answer.error}`);
          if (process === undefined && how === "terminate") expect(answer.result).toEqual({ running: false });
        },
        () => process && ask(),
      );
    ask();
  }

  #read({ id: processId, ...range }: Extract<Step, { do: "read" }>): void {
    const process = this.processes.get(processId);
    this.#ask(
      "process/read",
      { processId, afterSeq: range.afterSeq, maxBytes: range.maxBytes, waitMs: range.waitMs },
      (answer) => {
        if (process === undefined) return expect(answer).toMatchObject({ error: { rpcCode: -32600 } });
        if ("error" in answer) return expect.fail(`the read was answered ${answer.error}`);
        const chunks = answer.result.chunks as { seq: number; chunk: string }[];
        const numbers = chunks.map(({ seq }) => seq);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        expect(numbers[0] ?? Number.POSITIVE_INFINITY).toBeGreaterThan(range.afterSeq);
        const bytes = chunks.map(({ chunk }) => Buffer.from(chunk, "base64").length);
        const total = bytes.reduce((sum, each) => sum + each, 0);
        if (chunks.length > 1) expect(total).toBeLessThanOrEqual(range.maxBytes ?? 1024 * 1024);
      },
      () => undefined,
    );
  }

  async #dropAndResume(): Promise<void> {
    const old = this.#peer;
    old.transport.destroy();
    await old.ended;
    this.#hearEvents(old);
    const heard = old.notifications.length;
    const unanswered = [...this.#pending.values()];
    this.#pending = new Map();
    this.#peer = this.#open();
    expect(await this.#peer.handshake(this.#sessionId)).toBe(this.#sessionId);
    expect(this.executor.counts).toMatchObject({ connections: 1, sessions: 1 });
    for (const again of unanswered) again();
    await Promise.all(this.#pending.keys());
    expect(old.notifications, "the old connection hears nothing more (03 I-10)").toHaveLength(heard);
  }

  #hearEvents(peer: RawConnection): void {
    for (const notification of peer.notifications) {
      const process = this.processes.get(String(notification.params.processId));
      expect(process, "events of nobody's process").toBeDefined();
      process?.heard(notification);
    }
  }

  async #untilPrinted(processId: string, length: number): Promise<void> {
    for (let afterSeq = 0, printed = 0; printed < length; ) {
      const page = await this.#peer.request("process/read", { processId, afterSeq, waitMs: 10_000 });
      const chunks = page.chunks as { chunk: string }[];
      expect(chunks, `only ${printed} of ${length} bytes came out`).not.toEqual([]);
      for (const { chunk } of chunks) printed += Buffer.from(chunk, "base64").length;
      afterSeq = Number(page.nextSeq) - 1;
    }
  }

  async #untilClosed(processId: string): Promise<Record<string, unknown>> {
    await this.#peer.request("process/read", { processId, afterSeq: 1e15, waitMs: 15_000 });
    return this.#peer.request("process/read", { processId });
  }

  /** I-15: another session knows none of these processes. */
  async #strangersSeeNothing(): Promise<void> {
    const stranger = this.#open();
    await stranger.handshake();
    for (const processId of this.processes.keys()) {
      await expect(stranger.request("process/read", { processId })).rejects.toMatchObject({ rpcCode: -32600 });
    }
    expect(stranger.notifications).toEqual([]);
  }
}

it("real processes keep every promise, whatever is asked of them and wherever the connection drops", async () => {
  verifies("03 I-1", "03 I-2", "03 I-4", "03 I-6", "03 I-8", "03 I-9", "03 I-10", "03 I-14", "03 I-15", "03 I-16");
  const before = descendants(process.pid);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
      const orchestrator = new Orchestrator();
      await orchestrator.begin();
      try {
        for (const what of steps) await orchestrator.take(what);
        await orchestrator.finish();
      } finally {
        await orchestrator.executor.close();
      }
      await expect.poll(() => descendants(process.pid), { interval: 1 }).toEqual(before); // the guard is being reaped
    }),
    { numRuns: 1_000, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false },
  );
}, 60_000);
