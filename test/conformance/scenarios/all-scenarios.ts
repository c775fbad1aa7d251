import { headOfLine } from "./head-of-line.ts";
import { interleavedStreams } from "./interleaved-streams.ts";
import { messageLimit } from "./message-limit.ts";
import { openLimit } from "./open-limit.ts";
import { pipelining } from "./pipelining.ts";
import { retainedOutput } from "./retained-output.ts";
import type { Scenario } from "./scenario.ts";
import { stdinBackpressure } from "./stdin-backpressure.ts";
import { writeToFifo } from "./write-to-fifo.ts";

/** Every scenario there is. */
export const scenarios: readonly Scenario[] = [
  headOfLine,
  interleavedStreams,
  messageLimit,
  openLimit,
  pipelining,
  retainedOutput,
  stdinBackpressure,
  writeToFifo,
];
