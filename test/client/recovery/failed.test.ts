import { lastValueFrom } from "rxjs";
import { expect, it } from "vitest";
import { connect, type Link, LinkFailedError, type RemoteProcess } from "../../../src/index.ts";
import { features } from "../../../src/protocol/extensions.ts";
import { verifies } from "../../rules/verifies.ts";
import { settled } from "../scripted-link.ts";
import { ScriptedDials } from "./scripted-dials.ts";

const offer = (sessionId: string) => ({ sessionId, proctor: { v: 1, sessionTtlMs: 30_000, features } });

/** A link with two processes over a connection that is handed over open, or that can be dialled again. */
async function begun(world: ScriptedDials, canReconnect: boolean) {
  world.answersHandshake = false;
  const onFault = (error: unknown) => world.faults.push(error);
  const connecting = canReconnect
    ? world.connect()
    : connect({ transport: await world.dial(new AbortController().signal) }, { clock: world.clock, onFault });
  await settled();
  world.peer.answer(offer("s"));
  const link = await connecting;
  const start = async () => {
    const starting = link.start(["program"], { stdin: true });
    await settled();
    world.peer.answer({ processId: world.peer.last.params.processId });
    return starting;
  };
  return { link, processes: [await start(), await start()] as const };
}

/** One of everything that can wait on a link. */
function everyCall(link: Link, process: RemoteProcess): Record<string, Promise<unknown>> {
  return {
    start: link.start(["program"]),
    write: process.stdin.write("x"),
    "large write": process.stdin.write(new Uint8Array(20_000_000)),
    end: process.stdin.end(),
    stream: process.stdin.writable().getWriter().write("y"),
    terminate: process.terminate(),
    resize: process.resize(1, 1),
    info: link.environmentInfo(),
    processes: link.processes(),
    readFile: link.files.readFile("/a"),
    readTextFile: link.files.readTextFile("/a"),
    stat: link.files.stat("/a"),
    realpath: link.files.realpath("/a"),
    list: link.files.list("/a"),
    writeFile: link.files.writeFile("/a", "a"),
    createDirectory: link.files.createDirectory("/a"),
    remove: link.files.remove("/a"),
    copy: link.files.copy("/a", "/b"),
  };
}

/** What waits for a process, and not for an answer. */
function everyOutcome(process: RemoteProcess): Record<string, Promise<unknown>> {
  const reader = process.output;
  return {
    exited: process.exited,
    closed: process.closed,
    text: process.text(),
    "a read of output": reader.next(),
    events: lastValueFrom(process.events$, { defaultValue: null }),
  };
}

/** Calls whose effect nothing but their answer tells, and that no key makes repeatable. */
const unrepeatable = (process: RemoteProcess) => ({ interrupt: process.interrupt(), kill: process.kill("SIGHUP") });

type Outcomes = Record<string, unknown>;

/** Collects how each of them ends, under its name. */
function outcomesOf(pending: Record<string, Promise<unknown>>, outcomes: Outcomes): void {
  for (const [name, promise] of Object.entries(pending)) {
    promise.then(
      () => Object.assign(outcomes, { [name]: "resolved" }),
      (error: unknown) => Object.assign(outcomes, { [name]: error }),
    );
  }
}

const ways: readonly (readonly [name: string, canReconnect: boolean, fail: (world: ScriptedDials) => Promise<void>])[] =
  [
    ["the deadline", true, (world) => world.pass(25_000)],
    [
      "a refusal to resume",
      true,
      async (world) => {
        world.mode = "accept";
        await world.pass(150);
        world.peer.refuse(-32600, "unknown session id s");
        await settled();
      },
    ],
    ["the loss of the only connection", false, () => settled()],
  ];

it.each(ways)(
  "after %s every call and every handle has settled with one stable error (03 I-18, I-24)",
  async (...way) => {
    verifies("03 I-18", "03 I-24", "03 CL-15", "03 CL-23", "03 CL-47");
    const [, canReconnect, fail] = way;
    const world = new ScriptedDials();
    const { link, processes } = await begun(world, canReconnect);
    const inFlight: Outcomes = {};
    const lost: Outcomes = {};
    const waiting: Outcomes = {};
    const handles: Outcomes[] = [{}, {}];
    const calls = everyCall(link, processes[0]);
    outcomesOf(calls, inFlight);
    outcomesOf(unrepeatable(processes[0]), lost);
    for (const [n, process] of processes.entries()) outcomesOf(everyOutcome(process), handles[n] ?? {});
    await settled();
    world.mode = "refuse";
    await world.cut();
    if (canReconnect) outcomesOf(everyCall(link, processes[1]), waiting);
    await settled();
    await fail(world);

    expect(link.state.value).toBe("Failed");
    const message = `the link to the executor failed: ${link.state.reason}`;
    const refused: Outcomes = {};
    const late = everyCall(link, processes[1]);
    outcomesOf({ ...late, ...unrepeatable(processes[1]) }, refused);
    await settled();
    expect(Object.keys(inFlight).sort()).toEqual(Object.keys(calls).sort());
    if (canReconnect) expect(Object.keys(waiting).sort()).toEqual(Object.keys(calls).sort());
    for (const [name, error] of [inFlight, waiting, refused, ...handles].flatMap((outcomes) =>
      Object.entries(outcomes),
    )) {
      expect(error, name).toBeInstanceOf(LinkFailedError);
      expect(error, name).toMatchObject({ code: "linkFailed", message });
    }
    for (const error of Object.values(refused)) expect(error).toMatchObject({ effect: "notApplied" });
    for (const error of Object.values(lost)) expect(error).toMatchObject({ effect: "unknown" });
    expect(Object.keys(lost)).toHaveLength(2);
    // Everything about one process ends with the very same error, also for whoever asks later.
    for (const [n, process] of processes.entries()) {
      const later: Outcomes = {};
      outcomesOf(everyOutcome(process), later);
      await settled();
      expect(Object.keys(handles[n] ?? {})).toHaveLength(5);
      expect(Object.keys(later)).toHaveLength(5);
      expect(new Set([...Object.values(handles[n] ?? {}), ...Object.values(later)]).size).toBe(1);
      await process[Symbol.asyncDispose]();
    }
    const { dials } = world;
    await world.pass(120_000);
    expect(world.dials).toBe(dials);
    expect(world.clock.pending).toBe(0);
    await link.close();
    expect(world.faults).toEqual([]);
  },
);
