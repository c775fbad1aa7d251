import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "../../ports/clock.ts";
import { JournalError, type JournalStore, type RestoredSession } from "../../ports/journal-store.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import { bootClock, bootId } from "../spawn/survivors.ts";
import { attemptOn } from "./attempt-on.ts";
import { lockFolder } from "./journal-lock.ts";
import type { JournalTime } from "./journal-time.ts";
import { SessionFiles } from "./session-files.ts";

/** A journal in a folder; disposing of it lets another executor have it. */
export type FileJournal = JournalStore & Disposable;

/** How the folder of a session is named: by its id. */
const sessionName = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Opens a folder as a journal, which is made if it is not there. What is in it, the output of processes above all, can be
 * read by our user alone. Writing is synchronous and goes no further than the system's cache: that takes a few microseconds, is
 * all it needs to survive our own end, however sudden, and not enough to survive that of the machine (`isComplete`).
 *
 * @throws JournalInUseError while another executor has it; JournalError when the folder cannot be used.
 */
export function fileJournal(folder: string, clock: Clock = systemClock, random: Random = systemRandom): FileJournal {
  attemptOn(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  const lock = lockFolder(folder, random);
  const time: JournalTime = { boot: bootId(), now: bootClock(clock) };
  return {
    restore: (report) => restore(folder, time, report),
    begin: (sessionId) => SessionFiles.begin(join(folder, sessionId), time),
    [Symbol.dispose]: () => lock[Symbol.dispose](),
  };
}

function restore(folder: string, time: JournalTime, report: (damage: JournalError) => void): RestoredSession[] {
  const names = attemptOn(folder, () => readdirSync(folder)).filter((name) => sessionName.test(name));
  const reporting = reportingTo(report);
  const sessions = names.flatMap((sessionId) => {
    const opened = reporting(() => SessionFiles.open(join(folder, sessionId), time, report));
    return opened === null ? [] : [{ sessionId, ...opened }];
  });
  const processes = sessions.flatMap(({ left }) => left);
  const aliveAtMs = processes.reduce((last, one) => Math.max(last, one.executorAliveAtMs(time.boot)), 0);
  for (const one of processes) reporting(() => one.killSurvivors(aliveAtMs));
  return sessions.map(({ left, ...session }) => ({ ...session, processes: left.map(({ process }) => process) }));
}

/** Does what can fail for one session or process without harm to the others; `null` if it did. */
function reportingTo(report: (damage: JournalError) => void) {
  return <T>(act: () => T): T | null => {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      report(error);
      return null;
    }
  };
}
