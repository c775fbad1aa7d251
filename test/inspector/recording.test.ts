import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, localEnvironment, RecordingError, serve } from "../../src/index.ts";
import { machineHash, machineHashes } from "../../src/inspector/machine-hash.ts";
import { serveRecording } from "../../src/inspector/recording-page.ts";
import type { HeaderRecord, HistoryRecord } from "../../src/inspector/records.ts";
import { machines } from "../../src/machines/index.ts";
import { replay } from "./replayed-history.ts";
import { letIn, Viewer } from "./viewer.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proctor-recording-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function read(file: string): Promise<{ header: HeaderRecord; records: HistoryRecord[]; text: string }> {
  const text = await readFile(file, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  const [header, ...records] = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { header, records, text };
}

it("holds everything from the first connection to the end of the last process, output included, and no secret", async () => {
  const file = join(folder, "server.jsonl");
  const server = await serve({ inspect: { page: false, record: file } });
  expect(server.inspector?.url).toBeNull();
  const link = await connect(server.url);
  const { observerKey, state } = link;
  const argv = ["sh", "-c", 'echo out; echo err >&2; read line; echo "$WORD $line" | wc -c'];
  const child = await link.start(argv, { stdin: true, env: { WORD: "env-secret" } });
  await child.stdin.write("typed-secret\n");
  await child.text();
  await link.files.writeFile("/tmp/proctor-recorded", "file-secret");
  await link.close();
  await server.close();
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const { header, records, text } = await read(file);
  expect(header).toMatchObject({ v: 1, side: "executor", title: `executor ${server.url}`, machines: machineHashes() });
  const output = records.filter((record) => record.kind === "output");
  const printed = (stream: string) =>
    output
      .filter((record) => record.stream === stream)
      .map(({ base64 }) => Buffer.from(base64, "base64").toString())
      .join("");
  expect(printed("stdout")).toBe("out\n24\n");
  expect(printed("stderr")).toBe("err\n");
  const { events, diverged } = replay(records);
  expect(diverged).toEqual([]);
  expect(events).toBeGreaterThan(10);
  const ends = records.flatMap((record) => (record.kind === "event" && record.status === "done" ? [record.value] : []));
  expect(ends.toSorted()).toEqual(["Closed", "Evicted", "Expired"]);
  for (const secret of [observerKey, state.sessionId ?? "", "env-secret", "typed-secret", "file-secret"]) {
    expect(secret).not.toBe("");
    expect(text).not.toContain(secret);
  }
  expect(text).toContain(state.sessionId?.slice(0, 8));
});

it("and the feed of the page tell the same, record by record", async () => {
  const file = join(folder, "both.jsonl");
  const server = await serve({ inspect: { record: file } });
  await using viewer = new Viewer(await letIn(server.inspector?.url ?? ""));
  await viewer.seen("keyframe");
  const link = await connect(server.url);
  const children = await Promise.all(
    ["exit 0", "exit 3", "kill -9 $$", "read line"].map((script) => link.start(["sh", "-c", script], { tty: true })),
  );
  await Promise.all(children.slice(0, 3).map((child) => child.closed));
  await link.close();
  await viewer.seen("event", ({ event }) => event.type === "transport.ended");
  const told = viewer.records.filter(({ kind }) => kind !== "output");
  await server.close();
  const { header, records } = await read(file);
  expect(viewer.hello?.header).toEqual(header);
  const written = records.filter(({ kind }) => kind !== "output");
  expect(told.length).toBeGreaterThan(40);
  expect(written.slice(0, told.length)).toEqual(told);
});

it("of a local environment it has both sides of each process", async () => {
  const file = join(folder, "local.jsonl");
  const environment = await localEnvironment({ inspect: { page: false, record: file } });
  await (await environment.start(["true"])).closed;
  await environment.close();
  const { header, records } = await read(file);
  expect(header.title).toBe("local environment");
  const created = records.flatMap((record) => (record.kind === "actor" ? [record] : []));
  expect(created.map(({ machine }) => machine).toSorted()).toEqual([
    "connection",
    "link",
    "process",
    "remote-process",
    "session",
  ]);
  const owner = created.find(({ machine }) => machine === "remote-process")?.owner;
  expect(created.find(({ actor }) => actor === owner)?.machine).toBe("link");
  expect(replay(records).diverged).toEqual([]);
});

it("holds the first mebibyte of what a process prints", async () => {
  const file = join(folder, "much.jsonl");
  const environment = await localEnvironment({ inspect: { page: false, record: file } });
  const child = await environment.start(["head", "-c", "3000000", "/dev/zero"]);
  expect((await child.text()).length).toBe(3_000_000);
  await environment.close();
  const { records } = await read(file);
  const bytes = records.reduce((sum, record) => {
    return record.kind === "output" ? sum + Buffer.from(record.base64, "base64").length : sum;
  }, 0);
  expect(bytes).toBeGreaterThanOrEqual(1024 * 1024);
  expect(bytes).toBeLessThan(1024 * 1024 + 256 * 1024);
});

it("fails with a word where it cannot be written, and leaves nothing behind", async () => {
  const inspect = { record: join(folder, "nowhere", "x.jsonl") };
  await expect(serve({ inspect })).rejects.toThrow(RecordingError);
  await expect(localEnvironment({ inspect })).rejects.toThrow("cannot record to");
  await expect(connect("ws://127.0.0.1:9", { inspect: true })).rejects.toMatchObject({ code: "linkFailed" });
  await expect(connect("nonsense", { inspect: true })).rejects.toMatchObject({ code: "target" });
});

it("is opened with the page, piece by piece, and only for those who were let in", async () => {
  const file = join(folder, "large.jsonl");
  const header = { kind: "header", v: 1, proctor: "0", side: "simulation", title: "t", startedAt: "x", machines: {} };
  const line = `${JSON.stringify({ kind: "gone", t: 1, actor: 1, padding: "x".repeat(1_000) })}\n`;
  await writeFile(file, `${JSON.stringify(header)}\n${line.repeat(60_000)}`);
  await using page = await serveRecording(file);
  const { origin, cookie } = await letIn(page.url);
  expect((await fetch(`${origin}/recording.jsonl`)).status).toBe(401);
  const session = await fetch(`${origin}/session`, { headers: { cookie } });
  expect(await session.json()).toMatchObject({ shows: "recording", title: "t", control: false });
  const answer = await fetch(`${origin}/recording.jsonl`, { headers: { cookie } });
  let pieces = 0;
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    pieces += 1;
    bytes += piece.length;
  }
  expect(bytes).toBe((await stat(file)).size);
  expect(pieces).toBeGreaterThan(100);
  expect(answer.headers.get("content-length")).toBeNull(); // it may still be written
});

it.for([
  { text: "", why: "is not a recording" },
  { text: "hello\n", why: "is not a recording" },
  { text: '{"kind":"keyframe","t":0,"actors":[]}\n', why: "is not a recording" },
  { text: '{"kind":"header","v":2}\n', why: "is not a recording" },
  { text: "x".repeat(200_000), why: "is not a recording" },
  { text: null, why: "cannot read" },
])("what is no recording is refused: $why", async ({ text, why }) => {
  const file = join(folder, "wrong.jsonl");
  if (text === null) await rm(file, { force: true });
  else await writeFile(file, text);
  await expect(serveRecording(file)).rejects.toThrow(why);
});

it("the hash of a machine is that of its definition, whatever was provided for it", () => {
  const hashes = Object.values(machineHashes());
  expect(new Set(hashes).size).toBe(Object.keys(machines).length);
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{16}$/);
  const provided = machines.session.provide({ actions: { expire: () => undefined } });
  expect(machineHash(provided)).toBe(machineHash(machines.session));
});
