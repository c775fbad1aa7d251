import type { Writable } from "node:stream";
import type { OutputChunk } from "../client/output-reader.ts";
import type { OutputStream } from "../protocol/process.ts";

/** Whoever read our output went away. */
export class OutputGoneError extends Error {}

/**
 * Writes output to the local stdout and stderr as it comes, byte for byte; a slow reader there slows the command down.
 * Resolves when all of it is written.
 * @throws OutputGoneError when a reader has gone, and what reading the output throws.
 */
export async function copyOutput(output: AsyncIterable<OutputChunk>): Promise<void> {
  for await (const { stream, bytes } of output) await writeTo(targetOf(stream), bytes);
}

/** Where output goes: a terminal has one stream. */
export function targetOf(stream: OutputStream): Writable {
  return stream === "stderr" ? process.stderr : process.stdout;
}

/** Resolves when it is written. @throws OutputGoneError when the reader has gone. */
export function writeTo(target: Writable, bytes: Uint8Array): Promise<void> {
  // A write reports its failure itself; unheard, the event would end the program.
  if (target.listenerCount("error", unheard) === 0) target.on("error", unheard);
  return new Promise((resolve, reject) => {
    target.write(bytes, (error) => {
      if (error) reject(new OutputGoneError(error.message, { cause: error }));
      else resolve();
    });
  });
}

function unheard(): void {}
