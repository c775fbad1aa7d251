import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FileJournal, fileJournal } from "../../../src/executor/journal/file-journal.ts";
import { JournalInUseError } from "../../../src/executor/journal/journal-lock.ts";
import type { JournalPlace, ProcessJournal, RestoredProcess } from "../../../src/ports/journal-store.ts";
import { printed } from "../../cli/command.ts";
import { isAlive, killNow } from "../../conformance/peer/process-tree.ts";

const sessionId = "5d57a3d0-84c3-4f7e-975a-45232678fc46";
const MIB = 1024 * 1024;

let folder: string;
let opened: FileJournal[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "proctor-journal-"));
  opened = [];
});
afterEach(() => {
  for (const journal of opened) journal[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

function open(): FileJournal {
  const journal = fileJournal(folder);
  opened.push(journal);
  return journal;
}

/** What a journal has after its executor was killed: the next one, and what it restores. */
function reopened() {
  for (const journal of opened.splice(0)) journal[Symbol.dispose]();
  const reports: string[] = [];
  const [session] = open().restore(({ message }) => reports.push(message));
  const texts = (session?.processes ?? []).map((process) => textsOf(process));
  return { processes: session?.processes ?? [], calls: session?.calls ?? [], texts, reports };
}

function textsOf({ chunks, journal }: RestoredProcess): string[] {
  return chunks.map(({ place, length }) => Buffer.from(journal.read(place, length)).toString());
}

function begin(...processIds: string[]): ProcessJournal[] {
  const journal = open();
  journal.restore(() => undefined);
  const session = journal.begin(sessionId);
  return processIds.map((processId) => session.begin({ processId, startId: null, stdin: "none" }));
}

/** A file of the session. */
const file = (name: string) => join(folder, sessionId, name);

function print(process: ProcessJournal, ...texts: string[]): void {
  for (const [index, text] of texts.entries()) process.append(index + 1, "stdout", Buffer.from(text));
}

describe("what a later executor finds", () => {
  it("is everything that was written, in order", () => {
    const [p, q] = begin("p", "q");
    print(p!, "one", "two");
    p!.append(3, "stderr", Buffer.from("three"));
    const usage = { userCpuMs: 1, systemCpuMs: 2, peakMemoryBytes: 3 };
    const exit = { seq: 4, exitCode: 9, timedOut: true, usage };
    p!.exited(exit);
    const { processes, texts, reports } = reopened();
    expect(reports).toEqual([]);
    expect(texts).toEqual([["one", "two", "three"], []]);
    expect(processes).toMatchObject([
      { processId: "p", lastSeq: 4, exit, isComplete: true },
      { processId: "q", lastSeq: 0, exit: null, isComplete: true },
    ]);
    expect(processes[0]?.chunks.map(({ seq, stream }) => [seq, stream])).toEqual([
      [1, "stdout"],
      [2, "stdout"],
      [3, "stderr"],
    ]);
    expect(q).toBeDefined();
  });

  it.each([1, 20, 34])("is not the record that was being written: %i bytes of it are missing", (missing) => {
    const [p] = begin("p");
    print(p!, "one", "two");
    truncateSync(file("0.0.output"), statSync(file("0.0.output")).size - missing);
    const { processes, texts, reports } = reopened();
    expect({ texts, reports }).toEqual({ texts: [["one"]], reports: [] });
    expect(processes[0]).toMatchObject({ lastSeq: 1, isComplete: true });
  });

  it("is not the entry that was being written, and the next entry is whole", () => {
    const [p] = begin("p");
    p!.exited({ seq: 1, exitCode: 0, timedOut: false, usage: null });
    const text = readFileSync(file("0.process"), "utf8");
    writeFileSync(file("0.process"), text.slice(0, -5));
    const { processes, reports } = reopened();
    expect(reports).toEqual([]);
    expect(processes[0]).toMatchObject({ exit: null, lastSeq: 0 });
    const exit = { seq: 1, exitCode: 137, timedOut: false, usage: null };
    processes[0]?.journal.exited(exit);
    expect(reopened().processes[0]).toMatchObject({ exit });
  });

  it("is no process whose very beginning was not written", () => {
    begin("p");
    writeFileSync(file("0.process"), '{"v":1,');
    expect(reopened()).toEqual({ processes: [], calls: [], texts: [], reports: [] });
    expect(readdirSync(join(folder, sessionId))).toEqual([]);
  });

  it.each([0, 4, 8, 30, 33])("tells of damage at byte %i of a record, and keeps what is before it", (place) => {
    const [p, q] = begin("p", "q");
    print(p!, "one", "two", "three");
    print(q!, "fine");
    const bytes = readFileSync(file("0.0.output"));
    const at = 35 + place;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x55, at);
    writeFileSync(file("0.0.output"), bytes);
    const { processes, texts, reports } = reopened();
    expect(texts).toEqual([["one"], ["fine"]]);
    expect(processes.map(({ isComplete }) => isComplete)).toEqual([false, true]);
    expect(reports).toEqual([`${file("0.0.output")} is damaged: a part of this output is lost`]);
  });

  it("includes the newest keys of calls, and not one that was being written (03 D-5)", () => {
    const journal = open();
    journal.restore(() => undefined);
    const session = journal.begin(sessionId);
    const keys = Array.from({ length: 5_000 }, (_, index) => `key\n${index}`);
    for (const key of keys) session.called(key);
    expect(readFileSync(file("calls"), "utf8").split("\n").length).toBeLessThan(2_100);
    truncateSync(file("calls"), statSync(file("calls")).size - 1);
    expect(reopened().calls.slice(-1_000)).toEqual(keys.slice(-1_001, -1));
    expect(reopened().calls.slice(-1_000)).toEqual(keys.slice(-1_001, -1));
    expect(statSync(file("calls")).mode & 0o777).toBe(0o600);
  });

  it("may lack its end once the machine was restarted", () => {
    const [p] = begin("p");
    print(p!, "one");
    writeFileSync(
      file("0.process"),
      readFileSync(file("0.process"), "utf8").replace(/"boot":"[^"]*"/, '"boot":"earlier"'),
    );
    expect(reopened().processes[0]).toMatchObject({ isComplete: false, lastSeq: 1 });
  });

  it("is nothing of what was disowned or removed", () => {
    const [p] = begin("p", "q");
    print(p!, "one");
    p!.disown();
    p!.close();
    expect(reopened().processes.map(({ processId }) => processId)).toEqual(["q"]);
  });
});

describe("the room that a journal takes", () => {
  it("is what is retained and one file more, however much went through", () => {
    const [p] = begin("p");
    const kept: JournalPlace[] = [];
    let most = 0;
    for (let seq = 1; seq <= 600; seq += 1) {
      kept.push(p!.append(seq, "stdout", new Uint8Array(65_536)));
      const oldest = kept.length > 160 ? kept.shift() : undefined; // 10 MiB
      if (oldest !== undefined) p!.drop(oldest);
      const files = readdirSync(join(folder, sessionId));
      most = Math.max(
        most,
        files.reduce((sum, name) => sum + statSync(file(name)).size, 0),
      );
    }
    expect(most).toBeGreaterThan(10 * MIB);
    expect(most).toBeLessThan(15 * MIB);
    const { processes } = reopened();
    expect(processes[0]).toMatchObject({ lastSeq: 600 });
  });
});

describe("what has outlived an executor that was killed", () => {
  let leader: ChildProcess | null = null;
  afterEach(() => {
    if (leader?.pid !== undefined) killNow(-leader.pid);
    leader = null;
  });

  /** A group with a leader that lives until its input ends, and a member that lives on. */
  async function group(): Promise<{
    readonly pid: number;
    readonly member: number;
    readonly endLeader: () => Promise<unknown>;
  }> {
    const script = "sleep 1000 <&- >&- & echo $!; read line";
    const child = spawn("sh", ["-c", script], { detached: true, stdio: ["pipe", "pipe", "inherit"] });
    leader = child;
    const member = Number(await printed(child.stdout, /\n/));
    const endLeader = () => {
      child.stdin.end();
      return once(child, "exit");
    };
    return { pid: child.pid ?? 0, member, endLeader };
  }

  async function dead(...pids: number[]): Promise<void> {
    while (pids.some(isAlive)) await new Promise((resolve) => setImmediate(resolve));
  }

  it("is killed with its group, known by the leader", async () => {
    const { pid, member } = await group();
    const [p] = begin("p");
    p!.spawned(pid);
    expect(reopened().reports).toEqual([]);
    await dead(pid, member);
  });

  it("is killed where the leader is gone, if a member is older than the last sign of the executor", async () => {
    const { pid, member, endLeader } = await group();
    const [p] = begin("p");
    p!.spawned(pid);
    print(p!, "a sign");
    await endLeader();
    expect(reopened().reports).toEqual([]);
    await dead(member);
  });

  it("is left alone, and told of, where nothing shows whose it is", async () => {
    const { pid, member, endLeader } = await group();
    const [p] = begin("p");
    p!.spawned(pid);
    await endLeader();
    const text = readFileSync(file("0.process"), "utf8");
    writeFileSync(file("0.process"), text.replace(/"atMs":[\d.]+/g, '"atMs":1'));
    const { reports, processes } = reopened();
    expect(reports).toEqual([expect.stringContaining(`the process group ${pid} may be left`)]);
    expect(processes).toHaveLength(1);
    expect(isAlive(member)).toBe(true);
    expect(reopened().reports).toEqual([]); // it was seen to once, and for all
  });

  it("is no stranger that got the same number", async () => {
    const { pid, member } = await group();
    const [p] = begin("p");
    p!.spawned(pid);
    print(p!, "a sign");
    const text = readFileSync(file("0.process"), "utf8");
    writeFileSync(file("0.process"), text.replace(/"startTicks":"\d+"/, '"startTicks":"1"'));
    expect(reopened().reports).toEqual([]);
    expect([pid, member].map(isAlive)).toEqual([true, true]);
  });
});

describe("the lock of a journal", () => {
  const lock = () => join(folder, "lock");

  it("keeps a second executor out while the first one lives", () => {
    open();
    expect(() => fileJournal(folder)).toThrow(JournalInUseError);
    expect(() => fileJournal(folder)).toThrow(`in use by the executor with the process id ${process.pid}`);
    expect(readdirSync(folder)).toEqual(["lock"]);
  });

  it.each([
    ["of a process that is gone", { pid: 2 ** 22 + 1, startTicks: "1" }],
    ["of a number that another process has now", { pid: process.pid, startTicks: "1" }],
    ["of an earlier life of the machine", { boot: "earlier" }],
  ])("counts for nothing if it is %s", (_, change) => {
    open();
    const mine = JSON.parse(readFileSync(lock(), "utf8"));
    writeFileSync(lock(), JSON.stringify({ ...mine, ...change }));
    opened = [];
    open();
    expect(JSON.parse(readFileSync(lock(), "utf8"))).toEqual(mine);
    expect(readdirSync(folder)).toEqual(["lock"]);
  });

  it("counts for nothing if it is empty, as a crash of the machine may leave it", () => {
    writeFileSync(lock(), "");
    open();
    expect(readdirSync(folder)).toEqual(["lock"]);
  });

  it("is gone with its executor", () => {
    open()[Symbol.dispose]();
    opened = [];
    expect(readdirSync(folder)).toEqual([]);
  });
});
