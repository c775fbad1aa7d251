import { accessSync, closeSync, constants, openSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, systemRandom } from "../../ports/random.ts";

/** In memory where the system has a place for that: no disk is troubled, with each start. */
const shared = "/dev/shm";

/**
 * A file without a name that holds `content`, for our user alone; the descriptor reads from its start (05 SB-L12). Nothing is
 * left behind, however this program ends.
 */
export function unlinkedFile(content: Uint8Array, random: Random = systemRandom): number {
  const name = `proctor-sandbox-${random.uuid()}`;
  const [path, fd] = isWritable(shared) ? opened(join(shared, name)) : opened(join(tmpdir(), name));
  try {
    unlinkSync(path);
    // At given offsets, which leaves the descriptor's own at the start.
    for (let written = 0; written < content.length; ) {
      written += writeSync(fd, content, written, content.length - written, written);
    }
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function opened(path: string): [path: string, fd: number] {
  return [path, openSync(path, "wx+", 0o600)];
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
