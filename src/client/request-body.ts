import { TooLargeError } from "../actors/link-errors.ts";
import { LARGEST_SENT_BYTES } from "../transports/message-limits.ts";

/** The longest body of a request in bytes: as base64 it leaves a quarter of a mebibyte of a message for all the rest (06 F-2). */
export const longestRequestBody = ((LARGEST_SENT_BYTES - 256 * 1024) / 4) * 3;

/**
 * The whole body of a request, since this wire has no uploads piece by piece; a source that sends too much is not read further.
 * @throws the signal's reason; a TypeError whose `cause` is what the source failed with, or a TooLargeError
 */
export async function requestBody(request: Request, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
  if (request.body === null) return null;
  const pieces: Uint8Array[] = [];
  let length = 0;
  const collector = new WritableStream<Uint8Array>({
    write: (piece) => {
      length += piece.length;
      if (length > longestRequestBody) throw new TooLargeError("http/request", length, LARGEST_SENT_BYTES);
      pieces.push(piece);
    },
  });
  try {
    await request.body.pipeTo(collector, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new TypeError("fetch failed", { cause: error });
  }
  return Buffer.concat(pieces, length);
}
