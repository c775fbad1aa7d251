import type { FileHost, NativePath, OpenFile } from "../../ports/file-host.ts";
import { ContentAnswer } from "../../protocol/content-answer.ts";
import type { MessageMemory } from "../../protocol/encoded-answer.ts";

/** What a file is read through. */
const bufferBytes = 768 * 1024;

/** The content of a file as the answer to `fs/readFile`, in memory once: as base64. */
export async function readWhole(
  host: FileHost,
  path: NativePath,
  limitBytes: number,
  memory: MessageMemory,
): Promise<ContentAnswer> {
  const buffer = memory.take(bufferBytes);
  let answer: ContentAnswer | undefined;
  try {
    await host.readFile(path, {
      limitBytes,
      buffer,
      expect: (bytes) => {
        answer = new ContentAnswer("dataBase64", bytes, memory);
      },
      take: (piece) => answer?.add(piece),
    });
  } catch (error) {
    answer?.discard();
    throw error;
  } finally {
    memory.give(buffer);
  }
  answer ??= new ContentAnswer("dataBase64", 0, memory);
  return answer.end();
}

/** A block of an open file as the answer to `fs/readBlock` (04 F-45). */
export async function readBlock(
  file: Pick<OpenFile, "read">,
  offset: number | bigint,
  length: number,
  memory: MessageMemory,
): Promise<ContentAnswer> {
  const buffer = memory.take(length);
  try {
    const read = await file.read(offset, buffer.subarray(0, length));
    const answer = new ContentAnswer("chunk", read, memory);
    answer.add(buffer.subarray(0, read));
    return answer.end(`,"eof":${read < length}}`);
  } finally {
    memory.give(buffer);
  }
}
