import { once } from "node:events";
import fc from "fast-check";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { connect, type InspectOptions, localEnvironment, serve } from "../../src/index.ts";
import type { ActorState, HistoryRecord } from "../../src/inspector/records.ts";
import { replay } from "./replayed-history.ts";
import { letIn, Viewer } from "./viewer.ts";

/** An executor with an inspector, and a link to it. */
async function inspected(inspect: InspectOptions = {}) {
  const server = await serve({ inspect });
  const link = await connect(server.url);
  const pass = await letIn(server.inspector?.url ?? "");
  return {
    server,
    link,
    pass,
    [Symbol.asyncDispose]: async () => {
      await link.close();
      await server.close();
    },
  };
}

/** The actors of a kind that a history has told of. */
function actorsOf(records: readonly HistoryRecord[], machine: string): ActorState[] {
  const told = records.flatMap((record) =>
    record.kind === "keyframe" ? record.actors : record.kind === "actor" ? [record] : [],
  );
  const newest = new Map(told.filter((actor) => actor.machine === machine).map((actor) => [actor.actor, actor]));
  return [...newest.values()];
}

it("shows who is there, whose they are, and what becomes of them", async () => {
  await using world = await inspected();
  const early = await world.link.start(["sleep", "600"]);
  await using viewer = new Viewer(world.pass);
  const { actors } = await viewer.seen("keyframe");
  expect(viewer.hello).toMatchObject({ resumed: false, control: false, header: { side: "executor", v: 1 } });
  expect(viewer.hello?.header.title).toBe(`executor ${world.server.url}`);
  expect(actors.map(({ machine }) => machine).toSorted()).toEqual(["connection", "process", "session"]);
  const session = actors.find(({ machine }) => machine === "session");
  const process = actors.find(({ machine }) => machine === "process");
  expect(process).toMatchObject({ owner: session?.actor, status: "active", value: { Live: { child: "Running" } } });
  const facts = await viewer.seen("facts", ({ actor }) => actor === process?.actor);
  expect(facts.facts).toMatchObject({ argv: ["sleep", "600"], cwd: "/", tty: false, exitCode: null });

  const late = await world.link.start(["sh", "-c", "exit 7"]);
  await late.closed;
  const created = await viewer.seen("actor", ({ name }) => name === `process ${late.processId}`);
  expect(created.owner).toBe(session?.actor);
  const exited = await viewer.seen(
    "event",
    ({ actor, event }) => actor === created.actor && event.type === "child.exited",
  );
  expect(exited).toMatchObject({ taken: true, event: { exitCode: 7 } });
  await viewer.seen("facts", ({ actor, facts: { exitCode } }) => actor === created.actor && exitCode === 7);
  await viewer.seen(
    "counters",
    ({ counters: { processes = 0, memoryBytes = 0 } }) => processes === 2 && memoryBytes > 1e7,
  );

  await early.terminate();
  await viewer.seen("event", ({ actor, event }) => actor === process?.actor && event.type === "terminate");
  expect(replay(viewer.records).diverged).toEqual([]);
});

it("tells the output of a process from its first byte on, to whoever follows it and to nobody else", async () => {
  await using world = await inspected();
  const child = await world.link.start(["sh", "-c", "echo early; read line; echo late $line"], { stdin: true });
  await using viewer = new Viewer(world.pass);
  await using other = new Viewer(world.pass);
  await viewer.seen("keyframe");
  const [process] = actorsOf(viewer.records, "process");
  if (process === undefined) throw new Error("no process is shown");
  viewer.ask({ type: "follow", id: 1, actor: process.actor });
  expect(await viewer.answered(1)).toEqual({ kind: "answer", id: 1 });
  const text = () =>
    viewer.records
      .map((record) => (record.kind === "output" ? Buffer.from(record.base64, "base64").toString() : ""))
      .join("");
  await viewer.until(() => (text() === "early\n" ? true : undefined));
  await child.stdin.write("bird\n");
  await viewer.until(() => (text() === "early\nlate bird\n" ? true : undefined));
  const seqs = viewer.records.flatMap((record) => (record.kind === "output" ? [record.seq] : []));
  expect(seqs).toEqual([1, 2]);
  other.ask({ type: "follow", id: 2, actor: process.actor, afterSeq: 1 }); // as after a lost connection
  await other.seen("output", ({ seq }) => seq === 2);
  expect(other.records.filter(({ kind }) => kind === "output").length).toBe(1);
});

it("goes on where a lost connection was, without a gap and without telling anything twice", async () => {
  await using world = await inspected();
  const first = new Viewer(world.pass);
  await first.seen("keyframe");
  await (await world.link.start(["true"])).closed;
  await first.seen("event", ({ event }) => event.type === "child.exited");
  await first[Symbol.asyncDispose]();
  const child = await world.link.start(["true"]);
  await child.closed;
  await using second = new Viewer(world.pass, first.decoder);
  await second.seen("event", ({ event }) => event.type === "child.exited");
  expect(second.hello?.resumed).toBe(true);
  expect(second.records.some(({ kind }) => kind === "keyframe")).toBe(false);
  const { events, diverged } = replay([...first.records, ...second.records]);
  expect(diverged).toEqual([]);
  expect(events).toBeGreaterThan(8);

  // One that has never been there, and one of another time, begin anew.
  await using fresh = new Viewer(world.pass);
  await fresh.seen("keyframe");
  expect(fresh.hello?.resumed).toBe(false);
  const { origin, cookie } = world.pass;
  for (const query of ["?history=1&at=99999999", "?history=7&at=0", "?history=1&at=-1", "?history=x&at=1e3", "?at=0"]) {
    const socket = new WebSocket(`${origin.replace("http", "ws")}/feed${query}`, { headers: { origin, cookie } });
    const [hello] = await once(socket, "message");
    expect(JSON.parse(String(hello)), query).toMatchObject({ kind: "hello", resumed: false });
    socket.terminate();
  }
});

it("only shows unless it was started with control, whatever it is asked", async () => {
  await using world = await inspected();
  const child = await world.link.start(["cat"], { stdin: true });
  await using viewer = new Viewer(world.pass);
  await viewer.seen("keyframe");
  const [process] = actorsOf(viewer.records, "process");
  const actor = process?.actor ?? 0;
  for (const [index, request] of [
    { type: "terminate", actor },
    { type: "signal", actor, signal: "SIGKILL" },
    { type: "write", actor, base64: "eA==" },
  ].entries()) {
    viewer.ask({ ...request, id: index });
    expect((await viewer.answered(index)).error).toBe("this inspector only shows; it was started without control");
  }
  const junk = fc.sample(
    fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record(
          {
            type: fc.constantFrom("follow", "unfollow", "write", "terminate", "signal", "__proto__", "close"),
            id: fc.oneof(fc.integer(), fc.string()),
            actor: fc.oneof(fc.integer(), fc.constant(actor), fc.double(), fc.constant("1")),
            signal: fc.constantFrom("SIGKILL", "SIGTERM", "x"),
            base64: fc.string(),
            afterSeq: fc.oneof(fc.nat(), fc.integer(), fc.constant(null)),
          },
          { requiredKeys: [] },
        )
        .map((request) => JSON.stringify(request)),
    ),
    { numRuns: 500, seed: 1 },
  );
  for (const text of junk) viewer.socket.send(text);
  viewer.socket.send(Buffer.from([0, 255, 1]));
  viewer.ask({ type: "unfollow", id: 999, actor });
  await viewer.answered(999);
  expect(viewer.answers.length).toBeGreaterThanOrEqual(junk.length);
  await child.stdin.write("still here\n");
  await child.stdin.end();
  expect(await child.text()).toBe("still here\n");
  expect((await child.exited).exitCode).toBe(0);
});

it("with control it types into a process, signals it and terminates it", async () => {
  await using world = await inspected({ control: true });
  const shell = await world.link.start(
    ["sh", "-c", "trap 'echo got it' USR1; echo up; while read line; do echo said $line; done; sleep 600"],
    { stdin: true },
  );
  const output = shell.output;
  await output.next();
  await using viewer = new Viewer(world.pass);
  await viewer.seen("keyframe");
  expect(viewer.hello?.control).toBe(true);
  const actor = actorsOf(viewer.records, "process")[0]?.actor;
  viewer.ask({ type: "write", id: 1, actor, base64: Buffer.from("hello\n").toString("base64") });
  expect(await viewer.answered(1)).toEqual({ kind: "answer", id: 1 });
  expect(Buffer.from((await output.next()).value?.bytes ?? []).toString()).toBe("said hello\n");
  viewer.ask({ type: "write", id: 2, actor, base64: "no base64" });
  expect((await viewer.answered(2)).error).toBe("what is to be written is not base64");
  viewer.ask({ type: "signal", id: 3, actor, signal: "SIGUSR1" });
  expect(await viewer.answered(3)).toEqual({ kind: "answer", id: 3 });
  expect(Buffer.from((await output.next()).value?.bytes ?? []).toString()).toBe("got it\n");
  viewer.ask({ type: "terminate", id: 4, actor });
  expect((await shell.exited).exitCode).toBe(137);
  viewer.ask({ type: "terminate", id: 5, actor: 12_345 });
  expect((await viewer.answered(5)).error).toBe("there is no such process");
  // What was typed is not told to anybody.
  expect(JSON.stringify(viewer.records)).not.toContain("hello");
});

it("a viewer that does not read is told what it has missed, and then what is true", async () => {
  await using world = await inspected();
  await using viewer = new Viewer(world.pass);
  await viewer.seen("keyframe");
  const { hub, observatory } = world.server.inspector ?? {};
  if (hub === undefined || observatory === undefined) throw new Error("no inspector");
  viewer.socket.pause();
  const [connection] = [...hub.actors].filter(({ machine }) => machine === "connection");
  if (connection === undefined) throw new Error("no connection");
  // Far more than sockets hold, and than is remembered.
  const events = 40_000;
  const heardOften = { type: "peer.heard", padding: "x".repeat(1_000) };
  for (let sent = 0; sent < events; sent += 1) {
    connection.ref.send(heardOften);
    if (sent % 500 === 0) {
      observatory.pulse();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const last = await world.link.start(["sleep", "600"]);
  viewer.socket.resume();
  const skipped = await viewer.seen("skipped");
  const next = await viewer.until(() => viewer.records[viewer.records.indexOf(skipped) + 1]);
  expect(next?.kind).toBe("keyframe");
  await viewer.until(() =>
    actorsOf(viewer.records, "process").find(({ name }) => name === `process ${last.processId}`),
  );
  // Everything else has been told: nothing goes missing without a word.
  const heard = viewer.records.filter((record) => record.kind === "event" && record.event.type === "peer.heard").length;
  const missed = viewer.records.reduce((sum, record) => sum + (record.kind === "skipped" ? record.transitions : 0), 0);
  expect(missed).toBeGreaterThan(0);
  expect(heard + missed).toBeGreaterThanOrEqual(events);
  expect(heard + missed).toBeLessThan(events + 100); // the start of the process is among them
}, 60_000);

it("tells other inspectors everything in the vocabulary of XState", async () => {
  await using environment = await localEnvironment({ inspect: true });
  const { origin, cookie } = await letIn(environment.inspector?.url ?? "");
  const socket = new WebSocket(`${origin.replace("http", "ws")}/xstate`, { headers: { origin, cookie } });
  const told: Record<string, unknown>[] = [];
  const over = Promise.withResolvers<void>();
  socket.on("message", (data) => {
    const event = JSON.parse(data.toString());
    told.push(event);
    if (event.type === "@xstate.snapshot" && event.event.type === "child.exited") over.resolve();
  });
  await once(socket, "open");
  const child = await environment.start(["sh", "-c", "exit 3"]);
  await child.closed;
  await over.promise;
  const created = told.filter(({ type }) => type === "@xstate.actor");
  expect(created.map(({ name }) => String(name).split(" ")[0])).toEqual([
    "connection",
    "link",
    "session",
    "remote",
    "process",
  ]);
  for (const actor of created) {
    expect(actor).toMatchObject({
      sessionId: expect.stringMatching(/^proctor:\d+$/),
      createdAt: expect.stringMatching(/^\d+$/),
    });
    expect(JSON.parse(String(actor.definition))).toHaveProperty("states");
  }
  const process = created.find(({ name }) => String(name).startsWith("process"));
  const exited = told.filter(
    ({ sessionId, event }) => sessionId === process?.sessionId && JSON.stringify(event ?? "").includes("child.exited"),
  );
  expect(exited.map(({ type }) => type)).toEqual(["@xstate.event", "@xstate.snapshot"]);
  expect(exited[1]?.snapshot).toMatchObject({ status: "active", context: { exitCode: 3 } });
  socket.terminate();
});

it("tells what led to an event: a request of a peer, or an event of another actor", async () => {
  await using world = await inspected();
  await using viewer = new Viewer(world.pass);
  await viewer.seen("keyframe");
  const child = await world.link.start(["sleep", "600"]);
  const [process] = await viewer.until(() => {
    const found = actorsOf(viewer.records, "process");
    return found.length > 0 ? found : undefined;
  });
  const connection = actorsOf(viewer.records, "connection")[0]?.actor;
  const heard = (type: string) =>
    viewer.seen("event", ({ actor, event }) => actor === process?.actor && event.type === type);
  expect((await heard("child.spawned")).because).toEqual({ actor: connection, type: "process/start" });
  await child.terminate();
  expect((await heard("terminate")).because).toEqual({ actor: connection, type: "process/terminate" });
  await child.closed;
  // The requests are answered: this comes from the child itself, and what comes of it from the event before.
  expect(await heard("child.exited")).not.toHaveProperty("because");

  await world.link.start(["sleep", "600"]);
  await world.link.close();
  const session = actorsOf(viewer.records, "session")[0]?.actor;
  expect((await heard("session.expired")).because).toEqual({ actor: session, type: "end" });
});
