/** What a program may do with a place; `deny` also hides it (05 SB-A3). */
export type Access = "read" | "write" | "deny";

/** The access to a place and everything below it that no deeper entry speaks of (05 SB-A2). */
export interface BoundEntry {
  /** A native absolute path without `.`, `..`, double or trailing slashes (05 SB-B9); it may lead through links. */
  readonly path: string;
  readonly access: Access;
  /** Of no effect unless a directory is there: the host's own places for temporary files (05 SB-B7, SB-B8). Default false. */
  readonly onlyDirectory?: true;
}

/** Whatever matches is denied (05 section 3.2). */
export interface DenyGlob {
  /** The directory that the pattern is counted from: taken literally, whatever characters it has. */
  readonly base: string;
  /** Relative to `base`. */
  readonly pattern: string;
}

/** What a program may see and change of the files; what no entry covers is denied. */
export interface FileConfinement {
  readonly entries: readonly BoundEntry[];
  readonly denyGlobs: readonly DenyGlob[];
  /** How deep matches are searched; 1: in the first directory only; `null`: to the bottom. */
  readonly globScanMaxDepth: number | null;
  /** Are the system's own programs and libraries readable besides? (05 SB-A6) */
  readonly platformDefaults: boolean;
}

/** What is to be enforced on a program and all its descendants: the intent of a request, bound to this host (05 section 2). */
export interface Confinement {
  /** `null`: the files are free. */
  readonly files: FileConfinement | null;
  /** May it reach the network? */
  readonly network: "restricted" | "enabled";
}
