import { EventGapError, type GapPolicy } from "../actors/event-order.ts";
import type { OutputStream } from "../protocol/process.ts";
import type { OutputChunk } from "./output-reader.ts";

/**
 * Output as text, on one stream or on all; characters split between chunks are put together again.
 * @throws EventGapError at a hole, since a text cannot show one, unless whoever asks has been told of it.
 */
export async function readText(
  output: AsyncIterable<OutputChunk>,
  stream: OutputStream | undefined,
  onGap: GapPolicy,
): Promise<string> {
  const decoders = new Map<OutputStream, InstanceType<typeof TextDecoder>>();
  let text = "";
  for await (const chunk of output) {
    if (chunk.missedBefore !== undefined && onGap === "fail") {
      throw new EventGapError(chunk.seq - chunk.missedBefore - 1, chunk.seq);
    }
    if (stream !== undefined && chunk.stream !== stream) continue;
    const decoder = decoders.get(chunk.stream) ?? new TextDecoder();
    decoders.set(chunk.stream, decoder);
    text += decoder.decode(chunk.bytes, { stream: true });
  }
  for (const decoder of decoders.values()) text += decoder.decode();
  return text;
}
