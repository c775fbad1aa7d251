import { blockBytes, blocksAhead, type RemoteFileHandle } from "./remote-file-handle.ts";

/** Which part of a file is read. */
export interface ReadRange {
  /** The first byte. Default 0. */
  readonly offset?: number;
  /** How many at most. Default: up to the end of the file. */
  readonly length?: number;
}

/**
 * The bytes of a file as a web stream. A few blocks are under way at once, and no more than the reader takes: memory stays
 * the same whatever the size of the file.
 */
export function readStream(open: () => RemoteFileHandle, range: ReadRange): ReadableStream<Uint8Array> {
  const start = range.offset ?? 0;
  const end = start + (range.length ?? Number.POSITIVE_INFINITY);
  const ahead: ReturnType<RemoteFileHandle["read"]>[] = [];
  let file: RemoteFileHandle;
  let next = start;

  function askAhead(): void {
    while (ahead.length < blocksAhead && next < end) {
      const length = Math.min(blockBytes, end - next);
      const block = file.read(next, length);
      // Told when its turn comes; blocks behind one that failed are nobody's.
      block.catch(() => undefined);
      ahead.push(block);
      next += length;
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      async start() {
        file = open();
        await file.opened();
      },
      async pull(controller) {
        askAhead();
        const block = await releasedOnFailure(file, ahead.shift());
        if (block !== undefined && block.bytes.length > 0) controller.enqueue(block.bytes);
        if (block !== undefined && !block.isLast && (ahead.length > 0 || next < end)) return;
        await file.close();
        controller.close();
      },
      cancel() {
        file.release();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A stream that has failed asks for nothing more, not even for its end. */
async function releasedOnFailure<T>(file: RemoteFileHandle, outcome: Promise<T> | T): Promise<T> {
  try {
    return await outcome;
  } catch (error) {
    file.release();
    throw error;
  }
}

const utf8 = new TextEncoder();

/**
 * A file as a web stream to write to. Small pieces are put together into blocks; a few blocks are under way at once, then the
 * writer waits. What was written before an abort stays in the file.
 */
export function writeStream(open: () => RemoteFileHandle): WritableStream<string | Uint8Array> {
  const underWay = new Set<Promise<void>>();
  const block = new Uint8Array(blockBytes);
  let file: RemoteFileHandle;
  let filled = 0;
  let offset = 0;
  let failure: { readonly error: unknown } | null = null;

  async function flush(): Promise<void> {
    if (filled === 0) return;
    const written = file.write(offset, block.slice(0, filled));
    offset += filled;
    filled = 0;
    const settled: Promise<void> = written.then(
      () => void underWay.delete(settled),
      (error: unknown) => {
        underWay.delete(settled);
        failure ??= { error };
      },
    );
    underWay.add(settled);
    if (underWay.size >= blocksAhead) await Promise.race(underWay);
    refuseAfterFailure();
  }

  function refuseAfterFailure(): void {
    if (failure !== null) throw failure.error;
  }

  return new WritableStream<string | Uint8Array>({
    async start() {
      file = open();
      await file.opened();
    },
    async write(data) {
      const bytes = typeof data === "string" ? utf8.encode(data) : data;
      for (let taken = 0; taken < bytes.length; ) {
        const piece = bytes.subarray(taken, taken + blockBytes - filled);
        block.set(piece, filled);
        filled += piece.length;
        taken += piece.length;
        if (filled === blockBytes) await releasedOnFailure(file, flush());
      }
    },
    async close() {
      await releasedOnFailure(file, flush());
      await Promise.all(underWay);
      await file.close();
      refuseAfterFailure();
    },
    async abort() {
      await Promise.all(underWay);
      file.release();
    },
  });
}
