import { afterEach, describe, expect, it } from "vitest";
import { observerLimits } from "../../src/actors/session-observer.ts";
import type { RawConnection } from "../raw-connection.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

let world: ScriptedExecutor;

afterEach(async () => {
  expect(world.faults).toEqual([]);
  for (const child of world.host.children) if (!child.released) child.finish(137);
  await world.executor.close();
  expect(world.executor.counts).toEqual({ connections: 0, sessions: 0, processes: 0 });
  expect(world.clock.pending).toBe(0);
});

/** A chunk; it belongs to the executor once it is printed. */
const chunk = () => new Uint8Array(64 * 1024);
const walkOptions = { maxDepth: 1, maxDirectories: 1, maxEntries: 1, followDirectorySymlinks: false };
const refused = (message: string | RegExp) => ({ rpcCode: -32600, message: expect.stringMatching(message) });

interface Holder {
  readonly peer: RawConnection;
  readonly sessionId: string;
  readonly observerKey: string;
}

/** A connection that holds a session, and the key that it can give away. */
async function hold(options: ConstructorParameters<typeof ScriptedExecutor>[0] = {}): Promise<Holder> {
  world = new ScriptedExecutor(options);
  const { peer } = world.open();
  const answer = await peer.request("initialize", { clientName: "holder" });
  peer.notify("initialized");
  const { observerKey } = answer.proctor as { observerKey: string };
  return { peer, sessionId: String(answer.sessionId), observerKey };
}

async function observe(observerKey: string) {
  const { peer, line } = world.open();
  await peer.handshake();
  const { processes } = await peer.request("session/observe", { observerKey });
  return { peer, line, processes };
}

/** Reads a process to its end, as everybody does who wants to be told of its output. */
async function readAll(peer: RawConnection, processId: string) {
  const answer = await peer.request("process/read", { processId });
  return { ...answer, chunks: answer.chunks as { seq: number; chunk: string }[] };
}

const methodsOf = (peer: RawConnection) => peer.notifications.map(({ method }) => method);
const seqsOf = (peer: RawConnection, processId: string) =>
  peer
    .eventsOf(processId)
    .filter(({ method }) => method === "process/output")
    .map(({ params }) => params.seq);

describe("an observer", () => {
  it("gets the processes in the order of their starts, without their arguments, and hears of later ones", async () => {
    const holder = await hold();
    await holder.peer.request("process/start", startParams("a", { argv: ["program", "secret"] }));
    world.host.last.print("1");
    await holder.peer.request("process/start", startParams("b"));
    const { peer, processes } = await observe(holder.observerKey);
    const first = { processId: "a", state: "running", exitCode: null, nextSeq: 2, ordinal: 1 };
    expect(processes).toEqual([first, { ...first, processId: "b", nextSeq: 1, ordinal: 2 }]);
    await holder.peer.request("process/start", startParams("c"));
    expect(peer.notifications).toEqual([
      { method: "session/process", params: { ...first, processId: "c", nextSeq: 1, ordinal: 3 } },
    ]);
    expect(methodsOf(holder.peer)).toEqual(["process/output"]);
  });

  it("hears nothing of a start that fails", async () => {
    const holder = await hold();
    const { peer } = await observe(holder.observerKey);
    world.host.holdsSpawns = true;
    const starting = holder.peer.answer("process/start", startParams("a"));
    await settled();
    expect((await observe(holder.observerKey)).processes).toEqual([]);
    world.host.failSpawn(new Error("no such program"));
    expect(await starting).toMatchObject({ error: { rpcCode: -32603 } });
    expect(peer.notifications).toEqual([]);
  });

  it("is pushed what it has read to the end, from exactly there, and of all else only exits and closes", async () => {
    const holder = await hold();
    for (const id of ["read", "unread"]) await holder.peer.request("process/start", startParams(id));
    const [read, unread] = world.host.children;
    read?.print("1");
    const { peer } = await observe(holder.observerKey);
    read?.print("2");
    const before = await readAll(peer, "read");
    read?.print("3");
    unread?.print("1");
    unread?.finish(4);
    await settled();
    expect(before.chunks.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(seqsOf(peer, "read")).toEqual([3]);
    expect(methodsOf(peer)).toEqual(["process/output", "process/exited", "process/closed"]);
    expect((await readAll(peer, "unread")).chunks).toHaveLength(1);
    expect(seqsOf(holder.peer, "read")).toEqual([1, 2, 3]);
  });

  it("is pushed nothing while pages are left to read", async () => {
    const holder = await hold();
    await holder.peer.request("process/start", startParams("p"));
    const child = world.host.last;
    for (const text of ["1", "2", "3"]) child.print(text);
    const { peer } = await observe(holder.observerKey);
    await peer.request("process/read", { processId: "p", afterSeq: 0, maxBytes: 1 });
    child.print("4");
    await peer.request("process/read", { processId: "p", afterSeq: 1, maxBytes: 10 });
    child.print("5");
    await settled();
    expect(seqsOf(peer, "p")).toEqual([5]);
  });

  it("can wait for news with its reads", async () => {
    const holder = await hold();
    await holder.peer.request("process/start", startParams("p"));
    const { peer } = await observe(holder.observerKey);
    const reading = peer.request("process/read", { processId: "p", afterSeq: 0, waitMs: 5_000 });
    await settled();
    world.host.last.print("news");
    world.host.last.print("more");
    const { nextSeq } = await reading;
    world.host.last.print("last");
    await settled();
    expect([...Array.from({ length: Number(nextSeq) - 1 }, (_, n) => n + 1), ...seqsOf(peer, "p")]).toEqual([1, 2, 3]);
  });

  it("lists the processes of the session that it observes", async () => {
    const holder = await hold();
    await holder.peer.request("process/start", startParams("p"));
    const { peer } = await observe(holder.observerKey);
    expect(await peer.request("session/list")).toEqual(await holder.peer.request("session/list"));
  });

  it.each<[string, object]>([
    ["process/start", startParams("mine")],
    ["process/write", { processId: "p", writeId: "w", chunk: "" }],
    ["process/signal", { processId: "p", signal: "interrupt" }],
    ["process/terminate", { processId: "p" }],
    ["process/closeStdin", { processId: "p" }],
    ["process/resize", { processId: "p", rows: 1, cols: 1 }],
    ["process/kill", { processId: "p", signal: "SIGKILL" }],
    ["session/end", {}],
    ["environment/info", {}],
    ["fs/readFile", { path: "/etc/hostname" }],
    ["fs/writeFile", { path: "/tmp/observed", dataBase64: "" }],
    ["fs/remove", { path: "/tmp/observed" }],
    ["fs/createDirectory", { path: "/tmp/observed" }],
    ["fs/open", { path: "/etc/hostname", handleId: "h" }],
    ["fs/readBlock", { handleId: "h", offset: 0, len: 1 }],
    ["fs/writeBlock", { handleId: "h", offset: 0, chunk: "" }],
    ["fs/close", { handleId: "h" }],
    ["fs/walk", { path: "/tmp", options: walkOptions }],
    ["fs/copy", { sourcePath: "/tmp/a", destinationPath: "/tmp/b", recursive: false }],
  ])("is refused %s", async (method, params) => {
    const holder = await hold();
    await holder.peer.request("process/start", startParams("p", { pipeStdin: true }));
    const { peer } = await observe(holder.observerKey);
    await expect(peer.request(method, params)).rejects.toMatchObject(refused(`observers only read: \`${method}\``));
    expect(world.host.last.signals).toEqual([]);
    expect(world.executor.counts).toEqual({ connections: 2, sessions: 1, processes: 1 });
  });

  it("cannot observe a second session", async () => {
    const { observerKey } = await hold();
    const { peer } = await observe(observerKey);
    const again = peer.request("session/observe", { observerKey });
    await expect(again).rejects.toMatchObject(refused("observes a session already"));
  });

  it("gives up its own session, which must be empty", async () => {
    const { observerKey } = await hold();
    const other = await world.connect();
    await other.peer.request("process/start", startParams("p"));
    const attempt = other.peer.request("session/observe", { observerKey });
    await expect(attempt).rejects.toMatchObject(refused("own session is empty"));
    const empty = await world.connect();
    expect(world.executor.counts.sessions).toBe(3);
    await empty.peer.request("session/observe", { observerKey });
    expect(world.executor.counts.sessions).toBe(2);
    empty.peer.transport.destroy();
    await settled();
    expect(world.executor.counts.sessions).toBe(2);
  });

  it("needs the right key, which no refusal repeats, and a finished handshake", async () => {
    const { peer, observerKey, sessionId } = await hold();
    const own = peer.request("session/observe", { observerKey });
    await expect(own).rejects.toMatchObject(refused("own session is empty"));
    const other = await world.connect();
    for (const wrong of ["", "x".repeat(36), sessionId]) {
      const answer = await other.peer.answer("session/observe", { observerKey: wrong });
      expect(answer).toMatchObject({ error: refused(/^no session has this observer key$/) });
    }
    await expect(other.peer.request("session/observe", {})).rejects.toMatchObject({ rpcCode: -32602 });
    const early = world.open().peer.request("session/observe", { observerKey });
    await expect(early).rejects.toMatchObject(refused("must call initialize"));
    await expect(other.peer.request("environment/info")).resolves.toBeDefined(); // still an ordinary connection
  });

  it("does not get to resume with its key, nor do the holder's id and key look alike", async () => {
    const { observerKey, sessionId, peer } = await hold();
    expect(observerKey).not.toBe(sessionId);
    peer.transport.destroy();
    await settled();
    const attempt = world.open().peer.request("initialize", { clientName: "c", resumeSessionId: observerKey });
    await expect(attempt).rejects.toMatchObject({ rpcCode: -32600 });
  });

  it("is one of sixteen at most; a place becomes free when one leaves", async () => {
    const { observerKey } = await hold();
    const observers: RawConnection[] = [];
    for (let n = 0; n < observerLimits.perSession; n += 1) observers.push((await observe(observerKey)).peer);
    const refusal = await observe(observerKey).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ ...refused("at most 16 observers"), data: { reason: "tooManyObservers" } });
    observers[0]?.transport.destroy();
    await settled();
    await expect(observe(observerKey)).resolves.toBeDefined();
  });
});

describe("who holds the session", () => {
  it("is of no concern to an observer: it goes on across an outage and a resume", async () => {
    const holder = await hold();
    await holder.peer.request("process/start", startParams("p"));
    const { peer } = await observe(holder.observerKey);
    await readAll(peer, "p");
    holder.peer.transport.destroy();
    await settled();
    world.host.last.print("1");
    const resumed = await world.connect(holder.sessionId);
    world.host.last.print("2");
    await settled();
    expect(seqsOf(peer, "p")).toEqual([1, 2]);
    expect(seqsOf(resumed.peer, "p")).toEqual([2]);
    expect((await readAll(resumed.peer, "p")).chunks.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("loses nothing to what an observer reads during an outage: the record is kept for the holder", async () => {
    const holder = await hold({ output: { memoryBytes: 1024 * 1024, spillBytesPerSession: 0 } });
    await holder.peer.request("process/start", startParams("p"));
    const { peer } = await observe(holder.observerKey);
    holder.peer.transport.destroy();
    await settled();
    const child = world.host.last;
    let printed = 0;
    while (!child.paused) {
      child.print(chunk());
      printed += 1;
      await readAll(peer, "p");
    }
    await readAll(peer, "p");
    expect(child.paused).toBe(true); // the observer makes no room
    const resumed = await world.connect(holder.sessionId);
    expect((await readAll(resumed.peer, "p")).chunks).toHaveLength(printed);
    expect(child.paused).toBe(false);
  });

  it("is not kept alive by observers: they hear that it is over, and their connections end in order", async () => {
    const holder = await hold();
    await holder.peer.request("process/start", startParams("p"));
    const observers = [await observe(holder.observerKey), await observe(holder.observerKey)];
    holder.peer.transport.destroy();
    await world.pass(30_000);
    expect(world.host.last.signals).toEqual(["SIGKILL"]);
    for (const { peer } of observers) {
      expect(peer.notifications.at(-1)?.method).toBe("session/ended");
      expect(await peer.ended).toEqual({ code: 1000, reason: "the observed session is over" });
    }
    const late = await world.connect();
    const attempt = late.peer.request("session/observe", { observerKey: holder.observerKey });
    await expect(attempt).rejects.toMatchObject(refused("no session has this observer key"));
  });

  it("ends it for its observers too", async () => {
    const holder = await hold();
    const { peer } = await observe(holder.observerKey);
    await holder.peer.request("session/end");
    expect((await peer.ended).code).toBe(1000);
    expect(methodsOf(peer)).toEqual(["session/ended"]);
  });
});

describe("an observer that does not read", () => {
  it("holds back neither the child nor the holder, and learns of what it missed once it reads again", async () => {
    const holder = await hold();
    await holder.peer.request("process/start", startParams("p"));
    const child = world.host.last;
    const { peer } = await observe(holder.observerKey);
    await readAll(peer, "p");
    peer.transport.pause();
    for (let n = 1; n <= 200; n += 1) {
      child.print(chunk());
      await settled();
      expect(child.paused).toBe(false);
    }
    expect(seqsOf(holder.peer, "p")).toHaveLength(200);
    peer.transport.resume();
    await settled();
    const pushed = seqsOf(peer, "p").length;
    expect(pushed).toBeLessThan(40);
    // The process is quiet now: only the executor can tell that there is more.
    expect(peer.notifications.at(-1)).toMatchObject({
      method: "session/process",
      params: { processId: "p", nextSeq: 201 },
    });
    child.print("not pushed before the rest was read");
    const rest = await peer.request("process/read", { processId: "p", afterSeq: pushed });
    expect((rest.chunks as object[]).length).toBe(201 - pushed);
    child.print("202");
    await settled();
    expect(seqsOf(peer, "p")).toEqual([...Array.from({ length: pushed }, (_, n) => n + 1), 202]);
  });

  it("gets the exit and the close all the same", async () => {
    const holder = await hold();
    await holder.peer.request("process/start", startParams("p"));
    const { peer } = await observe(holder.observerKey);
    await readAll(peer, "p");
    peer.transport.pause();
    for (let n = 0; n < 50; n += 1) world.host.last.print(chunk());
    world.host.last.finish(3);
    peer.transport.resume();
    await settled();
    const told = peer.notifications.filter(({ method }) => method !== "process/output");
    expect(told.map(({ method }) => method)).toEqual(["process/exited", "process/closed", "session/process"]);
    expect(told.map(({ params }) => params.seq ?? params.nextSeq)).toEqual([51, 52, 53]);
  });

  it("is cut off when even what is never left out becomes too much", async () => {
    const holder = await hold();
    const { peer } = await observe(holder.observerKey);
    peer.transport.pause();
    let starts = 0;
    for (; peer.end === undefined && starts < 5_000; starts += 1) {
      await holder.peer.request("process/start", startParams(`${starts} ${"x".repeat(32 * 1024)}`));
      world.host.last.finish();
    }
    expect(starts * 32 * 1024 * 3).toBeLessThan(2 * observerLimits.queuedBytes);
    expect(peer.end).toEqual({ code: 1008, reason: "the observer does not read what it is sent" });
    expect(holder.peer.end).toBeUndefined();
  });
});

it("the key is nowhere in what the statecharts show", async () => {
  const seen: unknown[] = [];
  const holder = await hold({
    onInspection: (event) =>
      seen.push(JSON.stringify(event, (name, value: unknown) => (name === "actorRef" ? undefined : value))),
  });
  await observe(holder.observerKey);
  expect(seen.length).toBeGreaterThan(10);
  expect(seen.join()).not.toContain(holder.observerKey);
});
