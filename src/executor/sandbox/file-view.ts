import { accessSync, closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { errnoName } from "../spawn/os-error.ts";

/** What is at a path itself, a link not followed. */
export type Kind = "directory" | "file" | "symlink" | "missing";

/**
 * The files as a plan sees them. Synchronous: a plan is made in one step, so that nothing of ours changes the files or the
 * masks meanwhile (05 SB-L13).
 */
export interface FileView {
  kindOf(path: string): Kind;
  /** The text of a link. */
  linkText(path: string): string;
  /** The names in a directory; none where it cannot be read. */
  namesIn(directory: string): readonly string[];
  /** May this program create names in the directory? */
  canCreateIn(directory: string): boolean;
  /** The first bytes of a file, as text; empty where it cannot be read. */
  headOf(file: string): string;
}

/** Enough for what we look for in files: one line that names a directory. */
const headBytes = 8 * 1024;

/** The files of this machine. */
export const nodeFileView: FileView = {
  kindOf(path) {
    try {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found === undefined) return "missing";
      if (found.isSymbolicLink()) return "symlink";
      return found.isDirectory() ? "directory" : "file";
    } catch (error) {
      // What we may not look at cannot be reached by a program of ours either.
      if (errnoName(error) !== null) return "missing";
      throw error;
    }
  },
  linkText: (path) => readlinkSync(path),
  namesIn(directory) {
    try {
      return readdirSync(directory);
    } catch (error) {
      if (errnoName(error) !== null) return [];
      throw error;
    }
  },
  canCreateIn(directory) {
    try {
      accessSync(directory, constants.W_OK | constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
  headOf(file) {
    let fd: number;
    try {
      fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (errnoName(error) !== null) return "";
      throw error;
    }
    try {
      const head = Buffer.alloc(headBytes);
      return head.toString("utf8", 0, readSync(fd, head, 0, headBytes, 0));
    } finally {
      closeSync(fd);
    }
  },
};
