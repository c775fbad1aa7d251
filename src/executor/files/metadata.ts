import { lstat, stat } from "node:fs/promises";
import type { FileMetadata, NativePath } from "../../ports/file-host.ts";
import { attempt } from "./attempt.ts";

const exactMax = BigInt(Number.MAX_SAFE_INTEGER);

/** What is at a path (04 section 10.4). Two look-ups, target and link: a change between them may mix both (04 F-27). */
export function metadata(path: NativePath): Promise<FileMetadata> {
  return attempt("getMetadata", path, async () => {
    const target = await stat(path, { bigint: true });
    const self = await lstat(path);
    return {
      isDirectory: target.isDirectory(),
      isFile: target.isFile(),
      isSymlink: self.isSymbolicLink(),
      size: target.size > exactMax ? target.size : Number(target.size),
      createdAtMs: wholeMs(target.birthtimeNs),
      modifiedAtMs: wholeMs(target.mtimeNs),
    };
  });
}

/** Cut, not rounded; 0 before 1970; dates that no number holds exactly are the last that one does (04 F-25). */
export function wholeMs(nanoseconds: bigint): number {
  const ms = nanoseconds / 1_000_000n;
  if (ms < 0n) return 0;
  return Number(ms > exactMax ? exactMax : ms);
}
