import { closeSync, openSync, readSync } from "node:fs";
import { type ErrnoName, errnoName } from "./os-error.ts";

/** What the kernel reads of a file to choose how to run it; a longer `#!` line is cut there. */
const headBytes = 256;
/** How many interpreters may themselves be scripts. */
const deepestInterpreter = 4;

const head = Buffer.alloc(headBytes);

/** First four bytes, big-endian, of what Linux and macOS run: ELF, Mach-O of either width and order, universal binaries. */
const binaryMagic: ReadonlySet<number> = new Set([
  0x7f454c46, 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe, 0xcafebabf,
]);

/**
 * Why the kernel would refuse the format of the executable file at `path`: `ENOEXEC` for anything but a binary or a
 * script that names its interpreter (02 P-10: no shell is ever involved), or whatever `interpreterError` says of that interpreter.
 * A file that may be run but not read passes. Formats registered with Linux's `binfmt_misc` without an ELF header do not.
 */
export function executableFormatError(
  path: string,
  depth: number,
  interpreterError: (interpreter: string, depth: number) => ErrnoName | null,
): ErrnoName | null {
  let length: number;
  try {
    const fd = openSync(path, "r");
    try {
      length = readSync(fd, head, 0, headBytes, 0);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const name = errnoName(error);
    return name === "EACCES" ? null : (name ?? "EIO");
  }
  if (length >= 4 && binaryMagic.has(head.readUInt32BE(0))) return null;
  if (length < 3 || head[0] !== 0x23 || head[1] !== 0x21) return "ENOEXEC";
  const interpreter = interpreterOf(head.toString("utf8", 2, length));
  if (interpreter === "") return "ENOEXEC";
  return depth >= deepestInterpreter ? "ELOOP" : interpreterError(interpreter, depth + 1);
}

function interpreterOf(line: string): string {
  return /^[ \t]*([^ \t\n\0]*)/.exec(line)?.[1] ?? "";
}
