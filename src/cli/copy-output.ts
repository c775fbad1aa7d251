import type { Writable } from "node:stream";
import type { OutputChunk } from "../client/output-reader.ts";

/** Whoever read our output went away. */
export class OutputGoneError extends Error {}

/**
 * Writes output to the local stdout and stderr as it comes, byte for byte; a slow reader there slows the command down.
 * Resolves when all of it is written.
 * @throws OutputGoneError when a reader has gone, and what reading the output throws.
 */
export async function copyOutput(output: AsyncIterable<OutputChunk>): Promise<void> {
  // A write reports its failure itself; unheard, the event would end the program.
  for (const target of [process.stdout, process.stderr]) target.on("error", () => undefined);
  for await (const { stream, bytes } of output) {
    await write(stream === "stderr" ? process.stderr : process.stdout, bytes);
  }
}

function write(target: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    target.write(bytes, (error) => {
      if (error) reject(new OutputGoneError(error.message, { cause: error }));
      else resolve();
    });
  });
}
