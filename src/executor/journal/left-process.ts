import { rmSync } from "node:fs";
import { join } from "node:path";
import { JournalError, type RestoredProcess } from "../../ports/journal-store.ts";
import { killSurvivors } from "../spawn/survivors.ts";
import { attemptOn } from "./attempt-on.ts";
import type { JournalTime } from "./journal-time.ts";
import { OutputSegment, type ScannedSegment } from "./output-segment.ts";
import { ProcessEntries, type ScannedEntries } from "./process-entries.ts";
import { entriesPath, outputPath, ProcessFiles } from "./process-files.ts";

type Report = (damage: JournalError) => void;

/** A process of an earlier executor, as its files tell of it. */
export class LeftProcess {
  readonly process: RestoredProcess;
  readonly #path: string;
  readonly #found: ScannedEntries;
  readonly #lastAtMs: number;

  /**
   * Reads the files of one process; `null` if it had not begun, or cannot be made out: then they are removed. What is damaged
   * is reported.
   * @param files their names in the folder, which begin with `name`
   */
  static open(
    { folder, name, files }: { readonly folder: string; readonly name: string; readonly files: readonly string[] },
    time: JournalTime,
    report: Report,
  ): LeftProcess | null {
    const path = join(folder, name);
    try {
      const found = attemptOn(entriesPath(path), () => ProcessEntries.open(entriesPath(path), time));
      if (found !== null) return new LeftProcess(path, found, openOutput(path, files, report), time);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      report(new JournalError(`${error.message}; what is left of this process is not touched`, { cause: error }));
    }
    for (const file of files) attemptOn(join(folder, file), () => rmSync(join(folder, file), { force: true }));
    return null;
  }

  private constructor(path: string, found: ScannedEntries, output: LeftOutput, time: JournalTime) {
    const { entries, processId, startId, stdin, exit, boot, lastAtMs } = found;
    const { segments, isDamaged, nextSegment } = output;
    const chunks = segments.flatMap((scanned) => scanned.chunks);
    this.#path = path;
    this.#found = found;
    this.#lastAtMs = Math.max(lastAtMs, ...segments.map((scanned) => scanned.lastAtMs));
    this.process = {
      processId,
      startId,
      stdin,
      chunks,
      exit,
      lastSeq: Math.max(exit?.seq ?? 0, chunks.at(-1)?.seq ?? 0),
      isComplete: boot === time.boot && !isDamaged,
      journal: new ProcessFiles(path, entries, time, {
        segments: segments.map(({ segment }) => segment),
        nextSegment,
      }),
    };
  }

  /** A moment, in the given life of the machine, at which its executor was certainly alive; 0 if none is known. */
  executorAliveAtMs(boot: string | null): number {
    return this.#found.child !== null && this.#found.child.boot === boot ? this.#lastAtMs : 0;
  }

  /**
   * Kills what is left of its child, and notes that down: later the number could be anybody's.
   * @param executorAliveAtMs the last moment at which the executor was certainly alive
   * @throws JournalError when something is left of which it is not certain whose it is.
   */
  killSurvivors(executorAliveAtMs: number): void {
    const { child, exit, entries, lastAtMs } = this.#found;
    if (child === null) return;
    // Up to its exit, which is the last entry, the leader held the number; up to its end the executor did not let go of it.
    const verdict = killSurvivors(child, exit === null ? executorAliveAtMs : lastAtMs);
    attemptOn(this.#path, () => entries.add({ child: null }));
    if (verdict === "done") return;
    throw new JournalError(
      `${this.#path}: the process group ${child.pid} may be left of an executor that was killed, and is not touched, ` +
        `since it may be another one of that number`,
    );
  }
}

interface LeftOutput {
  readonly segments: readonly ScannedSegment[];
  readonly isDamaged: boolean;
  readonly nextSegment: number;
}

/** Reads every file of output as far as it can be read. */
function openOutput(path: string, files: readonly string[], report: Report): LeftOutput {
  const numbers = files.filter((file) => file.endsWith(".output")).map((file) => Number(file.split(".")[1]));
  numbers.sort((a, b) => a - b);
  let isDamaged = false;
  const damaged = (error: JournalError) => {
    isDamaged = true;
    report(error);
  };
  const segments = numbers.flatMap((number) => {
    const file = outputPath(path, number);
    try {
      const scanned = attemptOn(file, () => OutputSegment.open(file));
      if (scanned.isDamaged) damaged(new JournalError(`${file} is damaged: a part of this output is lost`));
      return [scanned];
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      damaged(error);
      return [];
    }
  });
  return { segments, isDamaged, nextSegment: (numbers.at(-1) ?? -1) + 1 };
}
