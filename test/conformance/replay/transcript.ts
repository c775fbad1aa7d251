import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { idKey, isObject, type Json, type JsonObject, parseJson } from "../peer/message.ts";

const recordedLine = z.strictObject({
  dir: z.enum(["c", "s", "note"]),
  msg: z.json(),
  conn: z.string().optional(),
  frame: z.string().optional(),
  hex: z.string().optional(),
  rawText: z.string().optional(),
  atMs: z.number(),
});

const headerNote = z.looseObject({
  scenario: z.string(),
  rules: z.array(z.string()),
  transport: z.enum(["ws", "stdio"]),
  describes: z.string(),
  tolerate: z.array(z.string()),
  serverEnv: z.record(z.string(), z.string()).optional(),
});

const eventNote = z.looseObject({ event: z.string() });

/** One line of a recording, by what the replay has to do with it. `number` counts the lines of the file from 1. */
export type Line = { readonly number: number; readonly conn: string } & (
  | {
      /** The client sends this. */
      readonly kind: "send";
      /** How it was sent where that was not one plain text message (or line). */
      readonly frame: string | undefined;
      readonly payload: Buffer;
      /** The request's members, where the text is a request. */
      readonly request: { readonly id: string; readonly method: string; readonly params: Json } | undefined;
    }
  | { readonly kind: "answer"; readonly id: string; readonly body: JsonObject }
  | { readonly kind: "notification"; readonly method: string; readonly params: JsonObject }
  | { readonly kind: "control"; readonly frame: "ping" | "pong"; readonly payload: string }
  | { readonly kind: "http-answer"; readonly text: string }
  | { readonly kind: "event"; readonly event: string; readonly details: JsonObject }
  | { readonly kind: "remark"; readonly text: string }
);

/** The lines of one kind. */
export type LineOf<Kind extends Line["kind"]> = Line & { readonly kind: Kind };

/** The process that the parameters of a request name, if they do. */
export function processIdOf(params: Json): string | undefined {
  return isObject(params) && typeof params.processId === "string" ? params.processId : undefined;
}

/** A recorded session. */
export interface Transcript {
  readonly name: string;
  readonly transport: "ws" | "stdio";
  readonly describes: string;
  readonly rules: readonly string[];
  readonly tolerate: readonly string[];
  readonly serverEnv: Readonly<Record<string, string>>;
  /** Recorded from a server that ran as another user than root. */
  readonly unprivileged: boolean;
  readonly lines: readonly Line[];
}

const folder = join(import.meta.dirname, "../transcripts");

/** The names of all recordings, sorted. */
export function transcriptNames(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => basename(name, ".jsonl"))
    .sort();
}

/** Reads one recording; throws on a line that is not of the format. */
export function readTranscript(name: string): Transcript {
  const texts = readFileSync(join(folder, `${name}.jsonl`), "utf8")
    .trimEnd()
    .split("\n");
  const records = texts.map((text) => recordedLine.parse(JSON.parse(text)));
  const [first] = records;
  if (first?.dir !== "note") throw new Error(`${name} does not begin with a note`);
  const lines = rebuildSizes(records.slice(1))
    .map((record, index) => readLine(record, index + 2))
    .flatMap(rebuildOmitted);
  if (typeof first.msg === "string") return plainTranscript(name, first.msg, lines);
  const { transport, describes, rules, tolerate, serverEnv = {} } = headerNote.parse(first.msg);
  return { name, transport, describes, rules, tolerate, serverEnv, unprivileged: false, lines };
}

/** Recordings of the file methods: one connection that is never named, and a plain-text first note. */
function plainTranscript(name: string, describes: string, lines: readonly Line[]): Transcript {
  const opening: Line = { number: 1, conn: "A", kind: "event", event: "open", details: { transport: "ws" } };
  const unprivileged = describes.includes("unprivileged user");
  const rest = { rules: [], tolerate: [], serverEnv: {}, unprivileged };
  return { name, transport: "ws", describes, lines: [opening, ...lines], ...rest };
}

type RecordedLine = z.infer<typeof recordedLine>;

function readLine(record: RecordedLine, number: number): Line {
  const { dir, msg, conn = "A", frame } = record;
  const at = { number, conn };
  if (dir === "note") {
    if (typeof msg === "string") return { ...at, kind: "remark", text: msg };
    const { event, ...details } = eventNote.parse(msg);
    return { ...at, kind: "event", event, details: details as JsonObject }; // parsed from JSON
  }
  if (dir === "c") return { ...at, kind: "send", frame, payload: payloadOf(record), request: requestOf(record) };
  if (frame === "http" && typeof msg === "string") return { ...at, kind: "http-answer", text: msg };
  if ((frame === "ping" || frame === "pong") && typeof msg === "string") {
    return { ...at, kind: "control", frame, payload: msg };
  }
  const body = record.rawText === undefined ? msg : parseJson(record.rawText);
  if (!isObject(body)) throw new Error(`line ${number} is not a message of the server`);
  const { id, method, params } = body;
  if (typeof method === "string" && isObject(params)) return { ...at, kind: "notification", method, params };
  return { ...at, kind: "answer", id: idKey(id), body };
}

function payloadOf({ msg, hex, rawText }: RecordedLine): Buffer {
  if (hex !== undefined) return Buffer.from(hex, "hex");
  return Buffer.from(rawText ?? (typeof msg === "string" ? msg : JSON.stringify(msg, expandRepeat)));
}

/** Writes out `{"$repeat":["x",300000]}`. */
function expandRepeat(_name: string, value: Json): Json {
  if (!isObject(value) || !Array.isArray(value.$repeat)) return value;
  const [text, count] = value.$repeat;
  return String(text).repeat(Number(count));
}

function requestOf(record: RecordedLine): { id: string; method: string; params: Json } | undefined {
  let body: Json;
  try {
    body = parseJson(payloadOf(record).toString());
  } catch (error) {
    // Malformed messages and fragments are sent on purpose; they are no requests.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!isObject(body) || typeof body.method !== "string" || body.id === undefined) return undefined;
  return { id: idKey(body.id), method: body.method, params: body.params ?? null };
}

/**
 * Puts payloads in the place of `"<N bytes>"`: a request of an unknown method with that many bytes, cut into as many
 * pieces as there are fragments.
 */
function rebuildSizes(records: readonly RecordedLine[]): RecordedLine[] {
  const size = ({ msg, hex }: RecordedLine) =>
    hex === undefined && typeof msg === "string" ? Number(/^<(\d+) bytes>$/.exec(msg)?.[1] ?? 0) : 0;
  const totals = new Map<string, number>();
  for (const record of records) totals.set(record.conn ?? "A", (totals.get(record.conn ?? "A") ?? 0) + size(record));
  const sent = new Map<string, number>();
  return records.map((record) => {
    const bytes = size(record);
    if (bytes === 0) return record;
    const conn = record.conn ?? "A";
    const from = sent.get(conn) ?? 0;
    sent.set(conn, from + bytes);
    return { ...record, msg: largeRequest(totals.get(conn) ?? 0).slice(from, from + bytes) };
  });
}

/** Puts the writes in the place of the note that says which writes were left out. */
function rebuildOmitted(line: Line): Line[] {
  if (line.kind !== "event" || line.event !== "omitted") return [line];
  const pattern = /^process\/write with chunk "" and writeId id(\d+) \.\. id(\d+), each answered accepted$/;
  const [, first, last] = pattern.exec(String(line.details.what)) ?? [];
  if (first === undefined || last === undefined) throw new Error(`line ${line.number} omits what cannot be rebuilt`);
  const { number, conn } = line;
  const count = Number(last) - Number(first) + 1;
  return Array.from({ length: count }, (_, index): Line[] => {
    const id = `${OMITTED_IDS + index}`;
    const params = { processId: "q", chunk: "", writeId: `id${Number(first) + index}` };
    const request = { id, method: "process/write", params };
    const payload = Buffer.from(JSON.stringify({ ...request, id: Number(id) }));
    const body = { id: Number(id), result: { status: "accepted" } };
    return [
      { number, conn, kind: "send", frame: undefined, payload, request },
      { number, conn, kind: "answer", id, body },
    ];
  }).flat();
}

/** Rebuilt requests get ids that no recording uses. */
const OMITTED_IDS = 1_000_000;

/** A request with id 9 of the method `nope` that is exactly `bytes` long. */
export function largeRequest(bytes: number): string {
  const [head, tail] = ['{"id":9,"method":"nope","params":"', '"}'];
  return head + "x".repeat(bytes - head.length - tail.length) + tail;
}
