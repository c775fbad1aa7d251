import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DisconnectedError, LinkClosedError, LinkFailedError } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import { settled, startScripted } from "../scripted-link.ts";
import { readAnswer, ScriptedDials } from "./scripted-dials.ts";

let world: ScriptedDials;

beforeEach(() => {
  world = new ScriptedDials();
});

afterEach(() => expect(world.faults).toEqual([]));

const outcomeOf = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const methodsOf = (nth: number) => world.peers[nth]?.requests.map(({ method }) => method);

describe("a connection that is lost", () => {
  it("is replaced at once, and its session resumed (03 CL-11)", async () => {
    verifies("03 CL-11", "03 CL-1");
    const link = await world.connect();
    const states: string[] = [];
    link.state$.subscribe(({ value, generation }) => states.push(`${value} ${generation}`));
    await world.cut();
    expect(world.peer.requests[0]?.params).toMatchObject({ resumeSessionId: "s" });
    expect(states).toEqual(["Connected 1", "Recovering 1", "Connected 2"]);
    expect(link.state).toMatchObject({ sessionId: "s", reason: null });
    expect(world.clock.now()).toBe(0);
    await link.close();
    expect(world.clock.pending).toBe(0);
  });

  it("is given up when the executor answers with another session (03 CL-1, F-11)", async () => {
    verifies("03 CL-1");
    const link = await world.connect();
    world.answersHandshake = false;
    await world.cut();
    world.peer.answer({ sessionId: "another" });
    await settled();
    expect(link.state.value).toBe("Failed");
    expect(link.state.reason).toContain("another session");
    expect(world.clock.pending).toBe(0);
  });

  it("is tried again while the session is held by the old one, and given up for any other refusal (03 CL-13)", async () => {
    verifies("03 CL-13");
    const link = await world.connect();
    world.answersHandshake = false;
    await world.cut();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      world.peer.refuse(-32010, "session s is already attached to another connection");
      await world.pass(120);
      expect(link.state.value).toBe("Recovering");
    }
    expect(world.dials).toBe(5);
    world.peer.refuse(-32600, "unknown session id s");
    await settled();
    expect(link.state).toMatchObject({
      value: "Failed",
      reason: expect.stringMatching(/; failed to resume the session: unknown session id s$/),
    });
    const error = await outcomeOf(link.environmentInfo());
    expect(error).toBeInstanceOf(LinkFailedError);
    expect(String(error)).toContain(link.state.reason);
    await world.pass(60_000);
    expect(world.dials).toBe(5); // no network activity after the end (03 I-24)
    expect(world.clock.pending).toBe(0);
  });

  it("is tried after 50 ms, then every 100 ms, until the deadline (03 CL-14, CL-15, D-10)", async () => {
    verifies("03 CL-15", "03 D-10");
    const link = await world.connect({ recoveryDeadlineMs: 5_000 });
    world.mode = "refuse";
    await world.cut();
    const call = outcomeOf(link.environmentInfo());
    await world.pass(4_999);
    expect(link.state.value).toBe("Recovering");
    await world.pass(1);
    expect(link.state.value).toBe("Failed");
    expect(link.state.reason).toMatch(/; failed to resume the session: recovery timed out after 5s$/);
    expect(await call).toMatchObject({ code: "linkFailed", effect: "notApplied", link: { generation: 1 } });
    const pauses = world.dialledAtMs.slice(2).map((at, nth) => at - (world.dialledAtMs[nth + 1] ?? 0));
    expect(pauses[0]).toBeGreaterThanOrEqual(40);
    expect(pauses[0]).toBeLessThanOrEqual(60);
    for (const pause of pauses.slice(1)) {
      expect(pause).toBeGreaterThanOrEqual(80);
      expect(pause).toBeLessThanOrEqual(120);
    }
    expect(pauses.length).toBeGreaterThan(5_000 / 120);
  });

  it.each([
    { sessionTtlMs: 30_000, deadlineMs: 25_000 },
    { sessionTtlMs: 12_000, deadlineMs: 7_000 },
    { sessionTtlMs: 120_000, deadlineMs: 60_000 },
    { sessionTtlMs: null, deadlineMs: 25_000 },
  ])(
    "is given up 5 s before the executor gives its session up, at most (03 section 11): $sessionTtlMs",
    async (offered) => {
      const { sessionTtlMs, deadlineMs } = offered;
      world.answersHandshake = false;
      const offer = (ttlMs: number | null) => ({ ...(ttlMs !== null && { v: 1, sessionTtlMs: ttlMs, features: [] }) });
      const connecting = world.connect({ recoveryDeadlineMs: 60_000 });
      await settled();
      world.peer.answer({ sessionId: "s", proctor: offer(15_000) });
      const link = await connecting;
      // What is offered last counts.
      await world.cut();
      world.peer.answer({ sessionId: "s", ...(sessionTtlMs !== null && { proctor: offer(sessionTtlMs) }) });
      await settled();
      expect(link.state).toMatchObject({ value: "Connected", generation: 2 });
      world.mode = "refuse";
      await world.cut();
      await world.pass(deadlineMs - 1);
      expect(link.state.value).toBe("Recovering");
      await world.pass(1);
      expect(link.state.value).toBe("Failed");
      expect(link.state.reason).toContain(`recovery timed out after ${deadlineMs / 1_000}s`);
    },
  );

  it("gives each attempt 4 s to dial and 5 s to resume, and each recovery its own deadline (03 CL-17, F-2, F-4)", async () => {
    verifies("03 CL-17");
    const link = await world.connect();
    world.mode = "hang";
    await world.cut();
    await world.pass(3_999);
    expect(world.dials).toBe(2);
    world.mode = "accept";
    world.answersHandshake = false;
    await world.pass(100);
    expect(world.dials).toBe(3);
    world.answersHandshake = true;
    await world.pass(4_800);
    expect(world.dials).toBe(3);
    await world.pass(400);
    expect(world.dials).toBe(4);
    expect(link.state).toMatchObject({ value: "Connected", generation: 4 });
    // 9 s of the first recovery do not count for the second.
    world.mode = "refuse";
    await world.cut();
    await world.pass(24_900);
    expect(link.state.value).toBe("Recovering");
    world.mode = "accept";
    await world.pass(99);
    expect(link.state.value).toBe("Connected");
    await link.close();
    expect(world.clock.pending).toBe(0);
  });

  it("tries again at once when its user tells of another network, and asks whether its connection lives (03 D-10)", async () => {
    verifies("03 D-10");
    const link = await world.connect();
    world.mode = "refuse";
    await world.cut();
    const { pending } = world.clock;
    world.mode = "accept";
    link.networkChanged();
    await settled();
    expect(link.state.value).toBe("Connected");
    expect(pending).toBeGreaterThan(0); // it was waiting for its next attempt
    world.line.isStalled = true;
    world.mode = "refuse";
    link.networkChanged();
    await world.pass(5_000);
    expect(link.state.value).toBe("Recovering");
  });

  it("leaves no connection behind that opens after its attempt was given up (03 N-3)", async () => {
    verifies("03 N-3");
    const late = Promise.withResolvers<void>();
    const { dial } = world;
    let isHeldBack = false;
    Object.assign(world, {
      dial: async (signal: AbortSignal) => {
        const transport = await dial(signal);
        if (isHeldBack) await late.promise;
        return transport;
      },
    });
    const link = await world.connect();
    isHeldBack = true;
    await world.cut();
    const opened = world.peers.length - 1;
    isHeldBack = false;
    await world.pass(4_100);
    expect(link.state.value).toBe("Connected");
    const { generation } = link.state;
    late.resolve();
    await settled();
    world.peers[opened]?.notify("process/closed", { processId: "p", seq: 1 });
    await settled();
    expect(world.peers[opened]?.requests).toEqual([]);
    expect(link.state).toMatchObject({ value: "Connected", generation });
  });

  it("cannot be replaced where it was handed over open: the link fails with the bare reason (03 CL-10)", async () => {
    verifies("03 CL-10");
    const { connect } = await import("../../../src/index.ts");
    const transport = await world.dial(new AbortController().signal);
    const link = await connect({ transport }, { clock: world.clock });
    world.peer.transport.close(1001, "going away");
    await settled();
    expect(link.state.value).toBe("Failed");
    expect(link.state.reason).toContain("going away");
    expect(link.state.reason).not.toContain("resume");
    expect(world.clock.pending).toBe(0);
  });
});

describe("catching up", () => {
  it("asks for all processes at once, as far as the window goes, and first for those that somebody waits for (03 D-9)", async () => {
    verifies("03 D-9", "03 CL-40", "03 I-27");
    const link = await world.connect();
    const started = [];
    for (let n = 0; n < 100; n += 1) started.push(await startScripted(link, world.peer));
    const awaited = started.slice(-20);
    for (const { process } of awaited) process.events$.subscribe();
    await world.cut();
    const reads = () => world.peer.requests.filter(({ method }) => method === "process/read");
    const atOnce = reads();
    expect(atOnce.length).toBeGreaterThan(50);
    expect(atOnce.length).toBeLessThanOrEqual(64);
    expect(atOnce.slice(0, 20).map(({ params }) => params.processId)).toEqual(
      awaited.map(({ processId }) => processId),
    );
    expect(link.state.value).toBe("Recovering");
    for (const { id } of atOnce) world.peer.answer(readAnswer(), id);
    await settled();
    for (const { id } of reads().slice(atOnce.length)) world.peer.answer(readAnswer(), id);
    await settled();
    expect(link.state.value).toBe("Connected");
    expect(new Set(reads().map(({ params }) => params.processId)).size).toBe(100);
  });
});

describe("a path that goes silent (03 D-1)", () => {
  it.each([0, 1, 2_500, 4_999, 5_000, 7_300])(
    "is noticed 10 s after the last byte, which came after %i ms",
    async (atMs) => {
      verifies("03 D-1");
      const link = await world.connect();
      await world.pass(atMs);
      world.peer.notify("process/invented", {});
      await settled();
      world.line.isStalled = true;
      world.mode = "refuse";
      await world.pass(9_999);
      expect(link.state.value).toBe("Connected");
      await world.pass(1);
      expect(link.state.value).toBe("Recovering");
      expect(link.state.reason).toBe("the executor gave no sign of life");
      world.line.heal();
      await link.close();
      expect(world.clock.pending).toBe(0);
    },
  );

  it("is not one where the executor answers pings, or talks, however long it goes on", async () => {
    verifies("03 D-1");
    const link = await world.connect();
    await world.pass(60_000);
    for (let n = 0; n < 100; n += 1) {
      world.peer.notify("process/invented", {});
      await world.pass(700);
    }
    expect(link.state).toMatchObject({ value: "Connected", generation: 1 });
  });
});

describe("a host that was suspended (03 N-7)", () => {
  /** The last thing that the executor says before the host sleeps, `beforeMs` before. */
  async function asleep(beforeMs: number) {
    const link = await world.connect();
    await world.pass(2_300);
    world.peer.notify("process/invented", {});
    await world.pass(beforeMs);
    return link;
  }

  it.each([0, 700, 2_200, 4_900, 7_000])(
    "probes its connection within a second of waking, not when timers say so (%i ms)",
    async (beforeMs) => {
      verifies("03 N-7", "03 D-1");
      const link = await asleep(beforeMs);
      world.line.isStalled = true; // the path did not survive the sleep
      world.clock.suspend(3_600_000);
      world.mode = "refuse";
      await world.pass(6_001);
      expect(link.state.value).toBe("Recovering");
      expect(link.state.reason).toBe("the executor gave no sign of life");
    },
  );

  it.each(["stall", "suspend"] as const)("does not take the connection for lost while it lives (%s)", async (kind) => {
    verifies("03 N-7");
    const link = await asleep(0);
    world.line.isStalled = true;
    await world.pass(6_000); // a ping is on its way
    world.clock[kind](3_600_000);
    world.clock.advance(0); // timers fire before what has come meanwhile is read
    world.line.heal();
    await world.pass(20_000);
    expect(link.state).toMatchObject({ value: "Connected", generation: 1 });
    const closing = link.close();
    await world.pass(1_000);
    await closing;
    expect(world.clock.pending).toBe(0);
  });

  it("whose path is dead when it wakes notices it 5 s later, however late its timers are", async () => {
    verifies("03 N-7");
    const link = await asleep(0);
    world.line.isStalled = true;
    world.clock.stall(3_600_000);
    world.mode = "refuse";
    await world.pass(4_999);
    expect(link.state.value).toBe("Connected");
    await world.pass(1);
    expect(link.state.value).toBe("Recovering");
  });
});

describe("calls", () => {
  it("that wait have no timer of their own, however many they are (03 N-5)", async () => {
    verifies("03 N-5");
    const link = await world.connect();
    const { process } = await startScripted(link, world.peer);
    world.mode = "hang";
    await world.cut();
    const { pending } = world.clock;
    const calls = Array.from({ length: 500 }, () => outcomeOf(link.environmentInfo()));
    const writes = Array.from({ length: 100 }, () => outcomeOf(process.stdin.write("x")));
    const starts = Array.from({ length: 100 }, () => outcomeOf(link.start(["program"])));
    await settled();
    expect(world.clock.pending).toBe(pending);
    await world.pass(25_000);
    for (const outcome of await Promise.all([...calls, ...writes, ...starts])) {
      expect(outcome).toMatchObject({ code: "linkFailed", effect: "notApplied" });
    }
    expect(world.clock.pending).toBe(0);
  });

  it("that are made during a recovery wait for it, in order (03 CL-20)", async () => {
    verifies("03 CL-20", "03 I-20");
    const link = await world.connect();
    world.mode = "refuse";
    await world.cut();
    const calls = [link.environmentInfo(), link.files.stat("/a"), link.files.writeFile("/b", "b")];
    await settled();
    world.mode = "accept";
    world.answersHandshake = false;
    await world.pass(60);
    expect(methodsOf(1)).toEqual(["initialize"]); // nothing else goes over a candidate
    world.peer.answer({ sessionId: "s" });
    await settled();
    expect(methodsOf(1)).toEqual(["initialize", "environment/info", "fs/getMetadata", "fs/writeFile"]);
    const [info, stat, write] = world.peer.requests.slice(1);
    const error = Promise.allSettled(calls);
    world.peer.answer({ shell: { name: "sh", path: "/bin/sh" } }, info?.id);
    world.peer.answer(
      { isDirectory: true, isFile: false, isSymlink: false, size: 1, createdAtMs: 1, modifiedAtMs: 1 },
      stat?.id,
    );
    world.peer.answer({}, write?.id);
    expect((await error).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
  });

  it("in flight are sent again where that is harmless, before newer ones, and else fail with an unknown effect (03 CL-21, CL-22)", async () => {
    verifies("03 CL-21", "03 CL-22", "03 CL-25", "03 D-17", "07 E-27");
    const link = await world.connect();
    const { process } = await startScripted(link, world.peer);
    const read = link.files.readFile("/a");
    const write = outcomeOf(link.files.writeFile("/b", "b"));
    const remove = outcomeOf(link.files.remove("/c"));
    const interrupt = outcomeOf(process.interrupt());
    const terminate = process.terminate();
    const typed = process.stdin.write("x");
    await settled();
    const sent = world.peer.requests.slice(-6);
    world.mode = "refuse";
    await world.cut();
    for (const failed of [write, remove, interrupt]) {
      expect(await failed).toBeInstanceOf(DisconnectedError);
      expect(await failed).toMatchObject({
        code: "disconnected",
        effect: "unknown",
        link: { state: "Recovering", generation: 1 },
      });
    }
    const newer = link.environmentInfo();
    world.mode = "accept";
    await world.pass(60);
    world.peer.answer(readAnswer());
    await settled();
    expect(methodsOf(1)).toEqual([
      "initialize",
      "process/read",
      "fs/readFile",
      "process/terminate",
      "process/write",
      "environment/info",
    ]);
    const again = world.peer.requests.slice(-4);
    for (const [nth, method] of ["fs/readFile", "process/terminate", "process/write"].entries()) {
      expect(again[nth]?.params).toEqual(sent.find((request) => request.method === method)?.params);
    }
    const answers = [
      { dataBase64: "" },
      { running: true },
      { status: "accepted" },
      { shell: { name: "s", path: "/s" } },
    ];
    for (const [nth, answer] of answers.entries()) world.peer.answer(answer, again[nth]?.id);
    expect(await terminate).toBe(true);
    await Promise.all([read, typed, newer]);
  });

  it("that are given up while they wait are never sent", async () => {
    const link = await world.connect();
    world.mode = "refuse";
    await world.cut();
    const controller = new AbortController();
    const reason = new Error("enough");
    const call = outcomeOf(link.environmentInfo({ signal: controller.signal }));
    controller.abort(reason);
    expect(await call).toBe(reason);
    world.mode = "accept";
    await world.pass(60);
    expect(methodsOf(1)).toEqual(["initialize"]);
  });

  it("queue in bounds while the link recovers, and clean-up has its place beyond them (03 I-28)", async () => {
    verifies("03 I-28");
    const link = await world.connect();
    const { process } = await startScripted(link, world.peer);
    world.mode = "refuse";
    await world.cut();
    const calls = Array.from({ length: 1_030 }, () => outcomeOf(link.environmentInfo()));
    const terminating = outcomeOf(process.terminate());
    const refused = (await Promise.all(calls.slice(-6))).map((error) => (error as { code: string }).code);
    expect(new Set(refused)).toEqual(new Set(["tooManyCalls"]));
    const closing = link.close();
    await world.pass(1_000);
    await closing;
    expect(await terminating).toBeInstanceOf(LinkClosedError);
    expect(await calls[0]).toMatchObject({ code: "linkClosed", effect: "notApplied", link: { generation: 1 } });
  });
});

describe("closing a link that recovers (03 CL-18)", () => {
  it.each(["refuse", "hang", "accept"] as const)("ends everything, whatever it is at (dials: %s)", async (mode) => {
    verifies("03 CL-18");
    const link = await world.connect();
    const { process } = await startScripted(link, world.peer);
    const pending = [outcomeOf(process.exited), outcomeOf(process.text()), outcomeOf(link.environmentInfo())];
    world.mode = mode;
    world.answersHandshake = false;
    await world.cut();
    const closing = link.close();
    await world.pass(1_000);
    await closing;
    for (const outcome of pending) expect(await outcome).toBeInstanceOf(LinkClosedError);
    expect(link.state.value).toBe("Closed");
    const { dials } = world;
    await world.pass(60_000);
    expect(world.dials).toBe(dials);
    expect(world.clock.pending).toBe(0);
  });
});
