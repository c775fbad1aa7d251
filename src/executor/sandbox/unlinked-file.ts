import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, systemRandom } from "../../ports/random.ts";

/**
 * A file without a name that holds `content`, for our user alone; the descriptor reads from its start (05 SB-L12). Nothing is
 * left behind, however this program ends.
 */
export function unlinkedFile(content: Uint8Array, random: Random = systemRandom): number {
  const path = join(tmpdir(), `proctor-sandbox-${random.uuid()}`);
  const fd = openSync(path, "wx+", 0o600);
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
