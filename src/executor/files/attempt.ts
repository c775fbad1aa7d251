import { FileError, type FileOperation, FileRefusedError, type NativePath } from "../../ports/file-host.ts";

/** Runs a system call; its failure becomes a {@link FileError} that names the operation and the path. */
export async function attempt<T>(op: FileOperation, path: NativePath, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isSystemError(error) ? new FileError(error.code, op, path, { cause: error }) : error;
  }
}

/** The same, but `undefined` where nothing is at the path. */
export async function attemptIfPresent<T>(
  op: FileOperation,
  path: NativePath,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await attempt(op, path, call);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Does the error say that nothing is at the path? */
export function isMissing(error: unknown): boolean {
  return error instanceof FileError && error.errno === "ENOENT";
}

/** The system would see another, shorter path: everything from the NUL on would be lost (04 P-32). */
export function refuseNul(op: FileOperation, path: NativePath): void {
  if (path.includes("\0")) throw new FileRefusedError("file name contained an unexpected NUL byte", op, path);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}
