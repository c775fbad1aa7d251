import { describe, expect, it } from "vitest";
import {
  connect,
  EventGapError,
  Executor,
  memoryTransportPair,
  nodeHost,
  type ObservedProcess,
  observe,
  type RemoteEvent,
  RpcError,
  SessionEndedError,
  serve,
} from "../../src/index.ts";
import { FaultProxy } from "../fault-proxy.ts";

const sh = (script: string) => ["sh", "-c", script];
/** A program that prints a line for each line it reads. */
const echo = ["sh", "-c", "echo ready; while read line; do echo $line; done; exit 7"];

async function venue(options: Parameters<typeof serve>[0] = {}) {
  const server = await serve(options);
  const proxy = await FaultProxy.before(server.url);
  const link = await connect(server.url);
  return {
    server,
    proxy,
    link,
    key: link.observerKey,
    [Symbol.asyncDispose]: async () => {
      await link.close();
      await server.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** What was seen of a process so far. */
function watch(process: ObservedProcess) {
  const events: RemoteEvent[] = [];
  const end = Promise.withResolvers<unknown>();
  process.events$.subscribe({
    next: (event) => events.push(event),
    error: (error) => end.resolve(error),
    complete: () => end.resolve(null),
  });
  return {
    events,
    /** The error that it ended with, or null. */
    ended: end.promise,
    get text() {
      const chunks = events.filter((event) => event.type === "output");
      return Buffer.concat(chunks.map(({ bytes }) => bytes)).toString();
    },
    /** Resolves when this was printed. */
    printed: (text: string) =>
      new Promise<void>((resolve) => {
        let seen = "";
        process.events$.subscribe((event) => {
          if (event.type === "output") seen += Buffer.from(event.bytes).toString();
          if (seen.includes(text)) resolve();
        });
      }),
  };
}

/** Every number from 1 on, each once and in order: an output, an end, or within a gap that was told. */
function expectExact(events: readonly RemoteEvent[]): void {
  let next = 1;
  for (const event of events) {
    expect(event.type === "gap" ? event.fromSeq : event.seq).toBe(next);
    next = event.seq + 1;
  }
}

function only(processes: readonly ObservedProcess[]): ObservedProcess {
  expect(processes).toHaveLength(1);
  return processes[0]!;
}

describe("observers", () => {
  it("two of them see what the holder sees, from the first byte, live, with the exit and the close", async () => {
    await using place = await venue();
    const process = await place.link.start(echo, { stdin: true });
    const own = process.text();
    await process.stdin.write("before\n");
    await using first = await observe(place.server.url, place.key);
    await using second = await observe(place.server.url, place.key);
    const seen = [first, second].map(({ processes }) => watch(only(processes)));
    await Promise.all(seen.map(({ printed }) => printed("before\n")));
    await process.stdin.write("after\n");
    await Promise.all(seen.map(({ printed }) => printed("after\n")));
    await process.stdin.end();
    for (const { ended } of seen) expect(await ended).toBeNull();
    for (const { text, events } of seen) {
      expect(text).toBe(await own);
      expectExact(events);
      expect(events.slice(-2)).toMatchObject([{ type: "exited", exitCode: 7 }, { type: "closed" }]);
    }
  });

  it("hear of processes that start later, each once, and read them as text", async () => {
    await using place = await venue();
    await using observation = await observe(place.server.url, place.key);
    const ids: string[] = [];
    const texts: Promise<string>[] = [];
    observation.processes$.subscribe((process) => {
      ids.push(process.processId);
      texts.push(process.text());
    });
    expect(ids).toEqual([]);
    const started = [await place.link.start(sh("echo one")), await place.link.start(sh("echo two; echo err >&2"))];
    await Promise.all(started.map(({ closed }) => closed));
    await expect.poll(() => ids).toEqual(started.map(({ processId }) => processId));
    expect(await texts[0]).toBe("one\n");
    expect((await texts[1])?.split("\n").sort()).toEqual(["", "err", "two"]);
  });

  it("read nothing before they look, and everything when they do, though the process has closed", async () => {
    await using place = await venue();
    await using observation = await observe(place.server.url, place.key);
    const process = await place.link.start(sh("seq 1 1000; exit 3"));
    await process.closed;
    await expect.poll(() => observation.processes).toHaveLength(1);
    const observed = only(observation.processes);
    expect(await observed.exited).toMatchObject({ exitCode: 3 });
    await observed.closed;
    expect((await observed.text()).split("\n")).toHaveLength(1001);
    expect(observation.processes).toEqual([]); // its end was seen
  });

  it("that close are not noticed", async () => {
    await using place = await venue();
    const process = await place.link.start(echo, { stdin: true });
    const observation = await observe(place.server.url, place.key);
    const seen = watch(only(observation.processes));
    await observation.close();
    expect(await seen.ended).toMatchObject({ code: "linkClosed" });
    await observation.ended;
    expect(observation.state.value).toBe("Closed");
    await process.stdin.write("still there\n");
    await process.stdin.end();
    expect(await process.text()).toContain("still there");
  });
});

describe("a connection that is lost", () => {
  it("is a pause for the observer: it observes again, and sees every number once", async () => {
    await using place = await venue();
    const process = await place.link.start(echo, { stdin: true });
    await using observation = await observe(place.proxy.url, place.key);
    const states: string[] = [];
    observation.state$.subscribe(({ value }) => states.push(value));
    const seen = watch(only(observation.processes));
    await seen.printed("ready\n");
    const told: string[] = [];
    const ends: Promise<void>[] = [];
    observation.processes$.subscribe((observed) => {
      told.push(observed.processId);
      ends.push(observed.closed);
    });
    const early = await place.link.start(["true"]);
    await expect.poll(() => told).toHaveLength(2);
    await expect.poll(() => observation.processes).toHaveLength(1); // the end of the other one was seen
    place.proxy.refuse(true);
    place.proxy.cut();
    await process.stdin.write("during\n");
    const other = await place.link.start(sh("echo new; exit 4"));
    await other.closed;
    place.proxy.refuse(false);
    await seen.printed("during\n");
    await process.stdin.write("after\n");
    await seen.printed("after\n");
    await process.stdin.end();
    expect(await seen.ended).toBeNull();
    expectExact(seen.events);
    expect(seen.text).toBe("ready\nduring\nafter\n");
    expect(states).toEqual(["Connected", "Recovering", "Connected"]);
    await expect.poll(() => told).toEqual([process, early, other].map(({ processId }) => processId));
    await Promise.all(ends);
  });

  it("lets nothing be missed that began and ended meanwhile", async () => {
    await using place = await venue();
    await using observation = await observe(place.proxy.url, place.key);
    place.proxy.refuse(true);
    place.proxy.cut();
    const process = await place.link.start(sh("echo new; exit 4"));
    await process.closed;
    place.proxy.refuse(false);
    await expect.poll(() => observation.processes).toHaveLength(1);
    const observed = only(observation.processes);
    expect(await observed.text()).toBe("new\n");
    expect(await observed.exited).toMatchObject({ exitCode: 4 });
  });

  it("is the holder's own affair: it resumes while it is observed, and both see everything", async () => {
    await using place = await venue();
    await using holder = await connect(place.proxy.url);
    await using observation = await observe(place.server.url, holder.observerKey);
    const key = holder.observerKey;
    const process = await holder.start(echo, { stdin: true });
    const own = process.text();
    await expect.poll(() => observation.processes).toHaveLength(1);
    const seen = watch(only(observation.processes));
    for (const line of ["one", "two", "three"]) {
      place.proxy.cut();
      await process.stdin.write(`${line}\n`);
      await seen.printed(`${line}\n`);
    }
    await process.stdin.end();
    expect(await seen.ended).toBeNull();
    expect(seen.text).toBe("ready\none\ntwo\nthree\n");
    expect(await own).toBe(seen.text);
    expect(holder.state.generation).toBeGreaterThan(1);
    expect(holder.observerKey).toBe(key);
    expectExact(seen.events);
  });
});

describe("the end of the session", () => {
  it("ends its observers: what still ran has an end that cannot be known", async () => {
    await using place = await venue();
    const running = await place.link.start(["sleep", "1000"]);
    await using observation = await observe(place.server.url, place.key);
    const process = only(observation.processes);
    expect(process.processId).toBe(running.processId);
    const seen = watch(process);
    const all: string[] = [];
    observation.processes$.subscribe({ complete: () => all.push("complete") });
    await place.link.close();
    expect(await seen.ended).toBeInstanceOf(SessionEndedError);
    await expect(process.exited).rejects.toMatchObject({ code: "sessionEnded" });
    await observation.ended;
    expect(observation.state.value).toBe("Closed");
    expect(all).toEqual(["complete"]);
  });

  it("is told by its expiry, and by an executor that does not know it any more", async () => {
    await using place = await venue({ sessionTtlMs: 1 });
    const holder = await connect(place.proxy.url, { recoveryDeadlineMs: 1 });
    await using observation = await observe(place.server.url, holder.observerKey);
    await using cutOff = await observe(place.proxy.url, holder.observerKey);
    place.proxy.refuse(true);
    place.proxy.cut();
    await observation.ended;
    place.proxy.refuse(false);
    await cutOff.ended;
    expect([observation.state.value, cutOff.state.value]).toEqual(["Closed", "Closed"]);
    await holder.close();
  });

  it("is not what an executor is that cannot be reached", async () => {
    await using place = await venue();
    const observation = await observe(place.proxy.url, place.key, { recoveryDeadlineMs: 100 });
    await place.link.start(["sleep", "1000"]);
    await expect.poll(() => observation.processes).toHaveLength(1);
    const seen = watch(only(observation.processes));
    place.proxy.refuse(true);
    place.proxy.cut();
    await expect(observation.ended).rejects.toMatchObject({ code: "linkFailed" });
    expect(await seen.ended).toMatchObject({ code: "linkFailed" });
  });
});

describe("a slow observer", () => {
  it("holds nobody back: 100 MB reach the holder, and what it missed itself is a gap that it is told of", async () => {
    await using place = await venue({ output: { memoryBytes: 1024 * 1024 } });
    const size = 100_000_000;
    await using observation = await observe(place.server.url, place.key);
    const process = await place.link.start(sh(`read go; head -c ${size} /dev/zero`), { stdin: true });
    await expect.poll(() => observation.processes).toHaveLength(1);
    const reader = only(observation.processes).output; // takes nothing until the holder has everything
    const events: RemoteEvent[] = [];
    only(observation.processes).events$.subscribe((event) => events.push(event));
    await process.stdin.write("go\n");
    let received = 0;
    for await (const { bytes } of process.output) received += bytes.length;
    expect(received).toBe(size);
    let read = 0;
    let missed = 0;
    for await (const { bytes, missedBefore = 0 } of reader) {
      read += bytes.length;
      missed += missedBefore;
    }
    expect(missed).toBeGreaterThan(0);
    expect(read).toBeLessThan(size / 2);
    expect(read).toBeGreaterThan(1024 * 1024); // what it had taken, and what the record still holds
    expectExact(events);
    expect(events.at(-1)?.type).toBe("closed");
    const chunks = events.filter(({ type }) => type === "output");
    expect(chunks.length + missed).toBe(
      events.at(-1)!.type === "closed" ? (events.at(-1) as { seq: number }).seq - 2 : -1,
    );
  });

  it("that comes late to a long record gets what is retained, behind a gap, which a text does not hide", async () => {
    await using place = await venue({ output: { memoryBytes: 1024 * 1024 } });
    const process = await place.link.start(sh("head -c 5000000 /dev/zero; read go"), { stdin: true });
    let received = 0;
    for await (const { bytes } of process.output) {
      received += bytes.length;
      if (received === 5_000_000) break;
    }
    await using observation = await observe(place.server.url, place.key);
    const observed = only(observation.processes);
    const text = expect(observed.text()).rejects.toBeInstanceOf(EventGapError);
    const seen = watch(observed);
    await process.stdin.end();
    expect(await seen.ended).toBeNull();
    expectExact(seen.events);
    expect(seen.events[0]).toMatchObject({ type: "gap", fromSeq: 1 });
    expect(seen.text.length).toBeGreaterThan(1024 * 1024 - 128 * 1024);
    await text;
  });
});

describe("the key", () => {
  it("must be right, and no error repeats it", async () => {
    await using place = await venue();
    const wrong = `${place.key}x`;
    const error = await observe(place.server.url, wrong).catch((refusal: unknown) => refusal);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ code: "invalidRequest", effect: "notApplied" });
    expect(String((error as Error).stack)).not.toContain(place.key);
  });

  it("is another one for every session, is no session id, and stays out of what is inspected", async () => {
    const seen: string[] = [];
    await using place = await venue();
    await using other = await connect(place.server.url);
    expect(other.observerKey).not.toBe(place.key);
    expect(place.link.state.sessionId).not.toBe(place.key);
    await using observation = await observe(place.server.url, place.key, {
      onInspection: (event) =>
        seen.push(JSON.stringify(event, (name, value: unknown) => (name === "actorRef" ? undefined : value))),
    });
    await place.link.start(["true"]);
    await expect.poll(() => observation.processes).toHaveLength(1);
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.join()).not.toContain(place.key);
  });
});

it("a session that is over as soon as it is observed ends as any other does", async () => {
  await using executor = new Executor(nodeHost());
  const dial = () => {
    const [ours, theirs] = memoryTransportPair();
    void executor.accept(theirs);
    return ours;
  };
  const link = await connect({ transport: dial() });
  const transport = dial();
  const send = transport.send.bind(transport);
  let closing = Promise.resolve();
  transport.send = (message) => {
    send(message);
    if (String(message).includes("session/observe")) closing = link.close();
  };
  const observation = await observe({ transport }, link.observerKey);
  await observation.ended;
  await closing;
  expect(observation.state.value).toBe("Closed");
  expect(observation.processes).toEqual([]);
});
