import { constants } from "node:os";
import { ProctorError, type ProctorErrorOptions } from "../protocol/errors.ts";
import type { OpenMode } from "../protocol/files.ts";
import type { PathHost, PathUri } from "../protocol/path-uri/index.ts";

/** An absolute path of the host: text, or the raw bytes where a name is not UTF-8 (04 P-22). */
export type NativePath = string | Buffer;

/** What was being done when the host failed or refused. */
export type FileOperation =
  | "readFile"
  | "writeFile"
  | "createDirectory"
  | "getMetadata"
  | "canonicalize"
  | "readDirectory"
  | "remove"
  | "copy"
  | "open"
  | "readBlock"
  | "writeBlock"
  | "walk";

/** What is at a path; all but `isSymlink` is said of the target of a link (04 F-23). */
export interface FileMetadata {
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  /** Is the path itself a link? */
  readonly isSymlink: boolean;
  /** A `bigint` only where a number would round. */
  readonly size: number | bigint;
  /** 0 where the file system keeps no birth time (04 F-26). */
  readonly createdAtMs: number;
  /** Whole milliseconds, 0 before 1970 (04 F-25). */
  readonly modifiedAtMs: number;
}

/** A file that is open. It stays the same file whatever becomes of its path (04 F-48). */
export interface OpenFile {
  /** The path under which it was opened. */
  readonly path: NativePath;
  /** Fills a block from an absolute offset on, and tells how far: shorter only where the file ends (04 F-45). */
  read(offset: number | bigint, block: Uint8Array): Promise<number>;
  /** Puts bytes at an absolute offset; past the end a hole of zeros comes before them. */
  write(offset: number | bigint, bytes: Uint8Array): Promise<void>;
  /** Lets the descriptor go, after what is under way. */
  close(): Promise<void>;
}

/** How a file is read whole, and where its content goes. */
export interface FileReading {
  readonly limitBytes: number;
  /** What to read into: all pieces lie in it, so each is gone after its `take`. */
  readonly buffer: Uint8Array;
  /** Is called once, before the content: so large the file says it is. */
  expect(bytes: number): void;
  /** The next piece. */
  take(piece: Uint8Array): void;
}

/** How far a walk goes (04 part C). */
export interface WalkLimits {
  /** 0: the entries of the root only. */
  readonly maxDepth: number;
  /** Directories that are read, the root included. */
  readonly maxDirectories: number;
  /** Entries that are looked at. */
  readonly maxEntries: number;
  readonly followDirectorySymlinks: boolean;
  /** List directories whose name starts with a dot, but do not enter them. */
  readonly pruneHiddenDirectories: boolean;
}

/** What a walk found, breadth first, each directory by name. */
export interface WalkFindings {
  readonly entries: readonly { readonly path: string; readonly kind: "directory" | "file" }[];
  /** What could not be examined, with the words of the operating system; it does not end the walk. */
  readonly errors: readonly { readonly path: string; readonly message: string }[];
  /** A limit was reached with more to come. */
  readonly truncated: boolean;
}

/** One name in a directory; the kind is that of the target of a link (04 F-30). */
export interface DirectoryEntry {
  /** The raw bytes of the name. */
  readonly name: Buffer;
  readonly isDirectory: boolean;
  readonly isFile: boolean;
}

/**
 * The files of a host; the simulation keeps them in memory. Every call rejects with a {@link FileError} for what the
 * operating system said, or with a {@link FileRefusedError} for what the host will not do. No call waits for a peer: a FIFO
 * without one is refused (04 F-11, F-20). As a {@link PathHost} it says how its paths are written.
 */
export interface FileHost extends PathHost {
  /**
   * The whole content of a regular file, piece by piece; refused above `limitBytes`, also when it grows past them meanwhile
   * (04 F-13).
   */
  readFile(path: NativePath, reading: FileReading): Promise<void>;
  /**
   * Creates or truncates, through links; an existing file keeps its mode and its links (04 F-16). Not atomic (04 F-18) unless
   * asked to be: then a new file with the mode and owner of the old takes its place (04 F-21).
   */
  writeFile(path: NativePath, bytes: Uint8Array, options?: { readonly atomic: boolean }): Promise<void>;
  /** Makes a directory, with `recursive` its parents too; an existing one is then no failure (04 F-22). */
  createDirectory(path: NativePath, options: { readonly recursive: boolean }): Promise<void>;
  /** What is at the path (04 F-23 to F-27). */
  metadata(path: NativePath): Promise<FileMetadata>;
  /** The path with every link resolved (04 F-28). */
  canonicalize(path: NativePath): Promise<NativePath>;
  /** All names, in the order of the kernel, without those that cannot be examined (04 F-30, F-31). */
  readDirectory(path: NativePath): Promise<readonly DirectoryEntry[]>;
  /** Removes the path itself, never the target of a link; `force` makes a missing path a success (04 F-34 to F-37). */
  remove(path: NativePath, options: { readonly recursive: boolean; readonly force: boolean }): Promise<void>;
  /** Copies a file, a link or, with `recursive`, a tree (04 F-38 to F-41). */
  copy(source: NativePath, destination: NativePath, options: { readonly recursive: boolean }): Promise<void>;
  /**
   * Opens a file to be read or written in blocks: under the rules of `readFile`, without a limit on its size (04 F-43), or
   * under those of `writeFile`. `update` takes an existing file as it is.
   */
  open(path: NativePath, mode: OpenMode): Promise<OpenFile>;
  /** Lists a tree by URI, from the root's own spelling on (04 W-2 to W-9). */
  walk(root: PathUri, limits: WalkLimits): Promise<WalkFindings>;
}

/** Operations whose failure leaves everything as it was. */
const harmless: ReadonlySet<FileOperation> = new Set([
  "readFile",
  "getMetadata",
  "canonicalize",
  "readDirectory",
  "open",
  "readBlock",
  "walk",
]);

/** The operating system said no. The message is its text, as the wire shows it (04 F-5). */
export class FileError extends ProctorError {
  /** The symbolic name, such as `ENOENT`. */
  readonly errno: string;
  readonly op: FileOperation;
  /** The path that failed; inside a tree, that of the entry. */
  readonly path: NativePath;

  constructor(errno: string, op: FileOperation, path: NativePath, options: ProctorErrorOptions = {}) {
    super("fileFailed", osErrorText(errno), { effect: harmless.has(op) ? "notApplied" : "unknown", ...options });
    this.errno = errno;
    this.op = op;
    this.path = path;
  }
}

/**
 * The process that does file operations in a sandbox failed, or did not answer in time; what it was doing may be done in part
 * (05 SB-F5).
 */
export class FileHelperError extends ProctorError {
  constructor(message: string, options: ProctorErrorOptions = {}) {
    super("fileHelper", message, { effect: "unknown", ...options });
  }
}

/** The host will not do this, whatever the operating system might say. */
export class FileRefusedError extends ProctorError {
  readonly op: FileOperation;
  readonly path: NativePath;

  constructor(message: string, op: FileOperation, path: NativePath, options: ProctorErrorOptions = {}) {
    super("fileRefused", message, options);
    this.op = op;
    this.path = path;
  }
}

/** The words of the reference's C library; clients compare codes, people compare texts (04 F-5). */
const words: Readonly<Record<string, string>> = {
  EPERM: "Operation not permitted",
  ENOENT: "No such file or directory",
  EIO: "I/O error",
  ENXIO: "No such device or address",
  EBADF: "Bad file descriptor",
  EAGAIN: "Resource temporarily unavailable",
  ENOMEM: "Out of memory",
  EACCES: "Permission denied",
  EBUSY: "Resource busy",
  EEXIST: "File exists",
  EXDEV: "Cross-device link",
  ENODEV: "No such device",
  ENOTDIR: "Not a directory",
  EISDIR: "Is a directory",
  EINVAL: "Invalid argument",
  ENFILE: "Too many open files in system",
  EMFILE: "No file descriptors available",
  ETXTBSY: "Text file busy",
  EFBIG: "File too large",
  ENOSPC: "No space left on device",
  EROFS: "Read-only file system",
  EMLINK: "Too many links",
  ENAMETOOLONG: "Filename too long",
  ENOTEMPTY: "Directory not empty",
  ELOOP: "Symbolic link loop",
  EOVERFLOW: "Value too large for data type",
  ENOTSUP: "Not supported",
  EDQUOT: "Quota exceeded",
  ESTALE: "Stale file handle",
};

const numbers: Readonly<Record<string, number | undefined>> = constants.errno;

/** An operating-system failure in words and with its number on this host; an unknown one is shown by its name alone. */
export function osErrorText(errno: string): string {
  const number = numbers[errno];
  const text = words[errno] ?? errno;
  return number === undefined ? text : `${text} (os error ${number})`;
}
