import { constants } from "node:os";
import { getSystemErrorMessage } from "node:util";
import { SpawnError } from "../../ports/process-host.ts";

/** The C library's words for the errors that a start can meet; Node's own differ in case and wording (02 P-12). */
const words = {
  E2BIG: "Argument list too long",
  EACCES: "Permission denied",
  EAGAIN: "Resource temporarily unavailable",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENFILE: "Too many open files in system",
  ENOENT: "No such file or directory",
  ENOEXEC: "Exec format error",
  ENOMEM: "Cannot allocate memory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  ETXTBSY: "Text file busy",
} as const satisfies Partial<Record<keyof typeof constants.errno, string>>;

/** The name of an operating system error, `ENOENT` and so on. */
export type ErrnoName = keyof typeof constants.errno;

/** The name of the operating system error behind `error`, or `null` if it is none. */
export function errnoName(error: unknown): ErrnoName | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  return error.code in constants.errno ? (error.code as ErrnoName) : null; // checked on the line
}

/** `No such file or directory (os error 2)`: an operating system error as the wire shows it (02 P-12). */
export function osErrorText(name: ErrnoName): string {
  const number = constants.errno[name];
  const text = name in words ? words[name as keyof typeof words] : getSystemErrorMessage(-number);
  return `${text} (os error ${number})`;
}

/** The operating system refused a start with this error. */
export function spawnRefused(name: ErrnoName, cause?: unknown): SpawnError {
  return new SpawnError(osErrorText(name), cause === undefined ? {} : { cause });
}

/** Turns what Node threw on the way to a start into a {@link SpawnError}; what is no operating system error stays as it is. */
export function asSpawnError(error: unknown): unknown {
  const name = errnoName(error);
  return name === null ? error : spawnRefused(name, error);
}
