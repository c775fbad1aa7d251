import { pipeline } from "node:stream/promises";
import { UnsupportedError } from "../actors/link-errors.ts";
import type { RemoteStdin } from "../client/remote-stdin.ts";
import { ProctorError } from "../protocol/errors.ts";

/** What ends the input of a program on a terminal (02 P-51). */
const endOfTransmission = "\u0004";

/**
 * Forwards the local input to a process, at the pace at which it takes it, until the input ends or the signal says so.
 * Where an executor cannot tell the end to a command on a pipe (02 P-15), the user hears that.
 */
export async function forwardInput(
  stdin: RemoteStdin,
  { tty, signal }: { readonly tty: boolean; readonly signal: AbortSignal },
): Promise<void> {
  let atLineStart = true;
  const forward = async (input: AsyncIterable<Buffer>) => {
    for await (const bytes of input) {
      await stdin.write(bytes, { signal });
      atLineStart = bytes.at(-1) === 0x0a || bytes.at(-1) === 0x0d;
    }
  };
  try {
    await pipeline(process.stdin, forward, { signal });
    // Within a line the first one only hands over what was typed.
    if (tty) await stdin.write(endOfTransmission.repeat(atLineStart ? 1 : 2), { signal });
    else await stdin.end();
  } catch (error) {
    if (error instanceof UnsupportedError) {
      return tell("the local input has ended, but this executor cannot tell the command; Ctrl-C ends it");
    }
    // The command is over or takes no more, or the link is gone: its output or its exit say so.
    if (signal.aborted || error instanceof ProctorError) return;
    tell(`the local input cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function tell(text: string): void {
  process.stderr.write(`proctor: ${text}\n`);
}
