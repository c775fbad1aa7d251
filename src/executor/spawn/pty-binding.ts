import { createRequire } from "node:module";

/** A terminal that nobody uses yet. Both descriptors survive an `exec` unless they are hidden ({@link DescriptorShield}). */
export interface Terminal {
  /** Our end; does not block. */
  readonly master: number;
  /** The child's end. */
  readonly slave: number;
  /** The path of the child's end. */
  readonly path: string;
}

/** What we use of the native code of node-pty, which is shipped compiled for each platform. */
interface NativePty {
  open(columns: number, rows: number): { readonly master: number; readonly slave: number; readonly pty: string };
  resize(fd: number, columns: number, rows: number): void;
}

const requireFromPackage = createRequire(createRequire(import.meta.url).resolve("@lydell/node-pty"));
let native: NativePty | null = null;

/**
 * Opens a terminal with the kernel's default line discipline (02 P-20). The binding's own `fork` is not used: it
 * cannot choose `argv[0]` and sets its own line discipline, the children inherit every other open terminal, and it
 * reaps them on threads of its own, so that nobody could know whether a process group is still ours (02 S-4).
 */
export function openTerminal(rows: number, columns: number): Terminal {
  native ??= loadNative();
  const { master, slave, pty } = native.open(columns, rows);
  return { master, slave, path: pty };
}

/** Gives a terminal another size; whoever is in its foreground gets a SIGWINCH. */
export function resizeTerminal(fd: number, rows: number, columns: number): void {
  native ??= loadNative();
  native.resize(fd, columns, rows);
}

/** macOS: the package's program that takes its standard input as controlling terminal, then runs its arguments after a directory. */
export function terminalHelperPath(): string {
  return requireFromPackage.resolve(`@lydell/node-pty-${process.platform}-${process.arch}/spawn-helper`);
}

function loadNative(): NativePty {
  // The package types its terminal class, not the binding beneath.
  const { requireBinary } = requireFromPackage("./requireBinary.js") as { requireBinary(file: string): NativePty };
  return requireBinary("pty.node");
}
