import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { z } from "zod";
import type { JournaledExit, JournaledStart } from "../../ports/journal-store.ts";
import { resourceUsage } from "../../protocol/process.ts";
import type { ChildIdentity } from "../spawn/survivors.ts";
import type { JournalTime } from "./journal-time.ts";

const time = { boot: z.string().nullable(), atMs: z.number() };
const startEntry = z.object({
  ...time,
  v: z.literal(1),
  processId: z.string(),
  startId: z.string().nullable(),
  stdin: z.enum(["none", "pipe", "pty"]),
});
const child = z.object({ boot: z.string(), pid: z.int().positive(), startTicks: z.string() });
const exit = z.object({
  seq: z.int().positive(),
  exitCode: z.int(),
  timedOut: z.boolean(),
  usage: resourceUsage.nullable(),
  failure: z.string().optional(),
  sandboxDenied: z.boolean().optional(),
});
const laterEntry = z.object({ ...time, child: child.nullish(), exit: exit.optional() });

type LaterEntry = z.output<typeof laterEntry>;

/** What was found in the entries of an earlier executor. */
export interface ScannedEntries extends JournaledStart {
  readonly entries: ProcessEntries;
  /** `null`: it was not started, or a later executor has seen to it. */
  readonly child: ChildIdentity | null;
  readonly exit: JournaledExit | null;
  /** In which life of the machine the last entry was written. */
  readonly boot: string | null;
  readonly lastAtMs: number;
}

/** The file that tells what became of one process, a line of JSON for each: its start, its child, its exit. */
export class ProcessEntries {
  readonly #path: string;
  readonly #time: JournalTime;

  /** The file of a process that begins, readable by our user alone. @throws when it cannot be written. */
  static create(path: string, { processId, startId, stdin }: JournaledStart, time: JournalTime): ProcessEntries {
    const entry = { v: 1, boot: time.boot, atMs: time.now(), processId, startId, stdin };
    writeFileSync(path, `${JSON.stringify(entry)}\n`, { flag: "wx", mode: 0o600 });
    return new ProcessEntries(path, time);
  }

  /**
   * The file of an earlier executor; `null` if that did not come to the end of the first line, so that nothing had happened.
   * A later line that it did not finish is cut off.
   * @throws when it cannot be read, or is damaged.
   */
  static open(path: string, time: JournalTime): ScannedEntries | null {
    const text = readFileSync(path, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
    const [first, ...rest] = whole.split("\n").slice(0, -1);
    if (first === undefined) return null;
    const start = startEntry.parse(JSON.parse(first));
    const later = rest.map((line) => laterEntry.parse(JSON.parse(line)));
    const { boot, atMs } = later.at(-1) ?? start;
    return {
      entries: new ProcessEntries(path, time),
      processId: start.processId,
      startId: start.startId,
      stdin: start.stdin,
      child: later.findLast((entry) => entry.child !== undefined)?.child ?? null,
      exit: later.find((entry) => entry.exit !== undefined)?.exit ?? null,
      boot,
      lastAtMs: atMs,
    };
  }

  private constructor(path: string, time: JournalTime) {
    this.#path = path;
    this.#time = time;
  }

  get path(): string {
    return this.#path;
  }

  /** Adds an entry. @throws when the disk is full or fails. */
  add(entry: Pick<LaterEntry, "child" | "exit">): void {
    const { boot, now } = this.#time;
    appendFileSync(this.#path, `${JSON.stringify({ boot, atMs: now(), ...entry })}\n`);
  }

  /** Idempotent. */
  remove(): void {
    rmSync(this.#path, { force: true });
  }
}
