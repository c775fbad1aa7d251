import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { JournalError } from "../../ports/journal-store.ts";
import type { Random } from "../../ports/random.ts";
import { errnoName } from "../spawn/os-error.ts";
import { readProcess } from "../spawn/process-table.ts";
import { bootId } from "../spawn/survivors.ts";
import { attemptOn } from "./attempt-on.ts";

const owner = z.object({ pid: z.int().positive(), boot: z.string().nullable(), startTicks: z.string().nullable() });
type Owner = z.output<typeof owner>;

/** Another executor uses the journal. */
export class JournalInUseError extends JournalError {
  /** The process that holds it. */
  readonly pid: number;

  constructor(folder: string, pid: number) {
    super(`the journal ${folder} is in use by the executor with the process id ${pid}`);
    this.pid = pid;
  }
}

/**
 * Takes a folder for one executor, by a file that names its process; the file of a process that is gone counts for nothing.
 * Those who share a folder have to be on one machine, in one space of process ids.
 * @throws JournalInUseError while another executor has it.
 */
export function lockFolder(folder: string, random: Random): Disposable {
  const lock = join(folder, "lock");
  const ours = join(folder, `lock-${random.uuid()}`);
  attemptOn(lock, () => {
    writeFileSync(ours, JSON.stringify(thisProcess()), { flag: "wx", mode: 0o600 });
    try {
      // A link is there whole or not at all: nobody sees half a lock, and of two who try one gets it.
      while (!isLinked(ours, lock)) removeStale(folder, lock, random);
    } finally {
      unlinkSync(ours);
    }
  });
  return { [Symbol.dispose]: () => attemptOn(lock, () => rmSync(lock, { force: true })) };
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errnoName(error) === "EEXIST") return false;
    throw error;
  }
}

/** Takes a lock away whose owner is gone. @throws JournalInUseError if it is not. */
function removeStale(folder: string, lock: string, random: Random): void {
  const seen = textOf(lock);
  if (seen === null) return;
  const holder = ownerOf(seen);
  if (holder !== null && isAlive(holder)) throw new JournalInUseError(folder, holder.pid);
  const aside = join(folder, `lock-${random.uuid()}`);
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (errnoName(error) === "ENOENT") return; // another one was faster
    throw error;
  }
  // Another one may have put its own lock there between our look and our grip: that goes back.
  if (textOf(aside) !== seen) isLinked(aside, lock);
  unlinkSync(aside);
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoName(error) === "ENOENT") return null;
    throw error;
  }
}

/** `null` for what no executor writes, such as a file that a crash of the machine has emptied. */
function ownerOf(text: string): Owner | null {
  try {
    return owner.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function thisProcess(): Owner {
  const boot = bootId();
  return { pid: process.pid, boot, startTicks: readProcess(process.pid)?.startTicks ?? null };
}

function isAlive({ pid, boot, startTicks }: Owner): boolean {
  if (boot !== bootId()) return false;
  if (startTicks === null) return isPidTaken(pid);
  const now = readProcess(pid);
  return now !== null && now.startTicks === startTicks && !now.isZombie;
}

/** All that there is to go by without `/proc`. */
function isPidTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoName(error) === "EPERM";
  }
}
