import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { EventGapError, type Link, ProcessLostError, type RemoteProcess } from "../../../src/index.ts";
import { isAlive } from "../../conformance/peer/process-tree.ts";
import type { ServerKind } from "../../conformance/peer/server.ts";
import { verifies } from "../../rules/verifies.ts";
import { badNetwork, written } from "./bad-network.ts";

const mebibyte = 1024 * 1024;
/** What is printed while nobody listens: less than the reference keeps, and ever more. */
const sizes = [mebibyte / 2 + 5, mebibyte + 5, 5 * mebibyte + 5, 100 * mebibyte + 5];
/** What the reference keeps of each process, in whole pieces of at most 8192 bytes (03 SS-50). */
const kept = mebibyte;
const pieceBytes = 8_192;

const line = "0123456789abcde\n";

/** So many bytes of one line again and again, hashed. */
function printed(bytes: number): string {
  const hash = createHash("sha256");
  const block = Buffer.from(line.repeat(pieceBytes));
  for (let left = bytes; left > 0; left -= block.length) hash.update(block.subarray(0, Math.min(left, block.length)));
  return hash.digest("hex");
}

async function hashOf(process: RemoteProcess): Promise<string> {
  const hash = createHash("sha256");
  for await (const { bytes } of process.output) hash.update(bytes);
  return hash.digest("hex");
}

/** How much may be printed during an outage: as much as one likes, or a megabyte with the reference. */
export function outageOutputTests(kind: ServerKind): void {
  const isReference = kind === "reference";

  describe(`output of ${kind} during an outage of 2 s (03 T-6)`, { timeout: 60_000 }, () => {
    const network = badNetwork(kind);

    /** A process that prints so much when it may, and then waits for a word. */
    async function printer(link: Link, bytes: number) {
      const [pid, done] = [join(network.folder, `pid ${bytes}`), join(network.folder, `done ${bytes}`)];
      const script = `echo $$ > "${pid}"; while [ ! -e go ]; do sleep 0.01; done; yes ${line.trim()} | head -c ${bytes}; echo > "${done}"; read end; exit 4`;
      const process = await link.start(["sh", "-c", script], { stdin: true });
      const hash = hashOf(process).catch((error: unknown) => error);
      return { bytes, process, hash, done, pid: Number(await written(pid)) };
    }

    it(`${isReference ? "beyond a megabyte is lost, and costs that process its life" : "arrives whole, up to 100 MiB"}`, async () => {
      verifies("03 T-6", "03 D-2", "03 SS-50", "03 I-4", "03 I-25", "03 CL-44");
      await using link = await network.open();
      const printers = await Promise.all(sizes.map((bytes) => printer(link, bytes)));
      network.proxy.refuse(true);
      network.proxy.cut();
      await writeFile(join(network.folder, "go"), "");
      await delay(2_000); // the outage
      await Promise.all(printers.map(({ done }) => written(done)));
      network.proxy.refuse(false);
      for (const { bytes, process, hash, pid } of printers) {
        if (isReference && bytes > kept) {
          const error = await hash;
          expect(error).toBeInstanceOf(ProcessLostError);
          const { cause, message } = error as ProcessLostError;
          expect(cause).toBeInstanceOf(EventGapError);
          const { afterSeq, beforeSeq } = cause as EventGapError;
          expect(beforeSeq - afterSeq - 1).toBeGreaterThanOrEqual(Math.ceil((bytes - kept) / pieceBytes));
          expect(message).toContain(`events ${afterSeq + 1} to ${beforeSeq - 1} are lost`);
          await expect(process.exited).rejects.toBe(error);
          await expect.poll(() => isAlive(pid)).toBe(false); // it was terminated
        } else {
          await process.stdin.write("end\n");
          expect(await hash).toBe(printed(bytes));
          expect(await process.exited).toMatchObject({ exitCode: 4 });
        }
      }
      expect(link.state.value).toBe("Connected");
    });
  });
}
