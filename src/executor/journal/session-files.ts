import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  JournalError,
  type JournaledStart,
  type ProcessJournal,
  type SessionJournal,
} from "../../ports/journal-store.ts";
import { attemptOn } from "./attempt-on.ts";
import { CallKeys } from "./call-keys.ts";
import type { JournalTime } from "./journal-time.ts";
import { LeftProcess } from "./left-process.ts";
import { ProcessFiles } from "./process-files.ts";

/** The folder of one session, with the files of its processes. */
export class SessionFiles implements SessionJournal {
  readonly #path: string;
  readonly #time: JournalTime;
  readonly #calls: CallKeys;
  #nextProcess: number;

  /** A session that begins, in a folder open to our user alone. @throws JournalError */
  static begin(path: string, time: JournalTime): SessionFiles {
    attemptOn(path, () => mkdirSync(path, { mode: 0o700 }));
    return new SessionFiles(path, time, new CallKeys(callsPath(path)), 0);
  }

  /**
   * A session of an earlier executor, with its processes in the order of their starts. What is damaged of it is reported.
   * @throws JournalError when not even the folder can be read.
   */
  static open(
    path: string,
    time: JournalTime,
    report: (damage: JournalError) => void,
  ): { readonly journal: SessionFiles; readonly left: readonly LeftProcess[]; readonly calls: readonly string[] } {
    const files = attemptOn(path, () => readdirSync(path));
    const numbers = [...new Set(files.map((file) => Number.parseInt(file, 10)))].filter(Number.isInteger);
    numbers.sort((a, b) => a - b);
    const left = numbers.flatMap((number) => {
      const ofProcess = files.filter((file) => file.startsWith(`${number}.`));
      return LeftProcess.open({ folder: path, name: String(number), files: ofProcess }, time, report) ?? [];
    });
    const calls = openCalls(callsPath(path), files.includes("calls"), report);
    return { journal: new SessionFiles(path, time, calls, (numbers.at(-1) ?? -1) + 1), left, calls: calls.keys };
  }

  private constructor(path: string, time: JournalTime, calls: CallKeys, nextProcess: number) {
    this.#path = path;
    this.#time = time;
    this.#calls = calls;
    this.#nextProcess = nextProcess;
  }

  begin(start: JournaledStart): ProcessJournal {
    return ProcessFiles.begin(join(this.#path, String(this.#nextProcess++)), start, this.#time);
  }

  called(key: string): void {
    attemptOn(callsPath(this.#path), () => this.#calls.add(key));
  }

  remove(): void {
    attemptOn(this.#path, () => rmSync(this.#path, { recursive: true, force: true }));
  }
}

function callsPath(folder: string): string {
  return join(folder, "calls");
}

function openCalls(path: string, isThere: boolean, report: (damage: JournalError) => void): CallKeys {
  if (!isThere) return new CallKeys(path);
  try {
    return attemptOn(path, () => CallKeys.open(path));
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    report(error);
    return new CallKeys(path);
  }
}
