import { headOfLine } from "./head-of-line.ts";
import { interleavedStreams } from "./interleaved-streams.ts";
import { leaving } from "./leaving.ts";
import { messageLimit } from "./message-limit.ts";
import { openLimit } from "./open-limit.ts";
import { pipelining } from "./pipelining.ts";
import { replayedWrites } from "./replayed-writes.ts";
import { resumeDeadline } from "./resume-deadline.ts";
import { resumeRace } from "./resume-race.ts";
import { resumeRefusals } from "./resume-refusals.ts";
import { retainedOutput } from "./retained-output.ts";
import type { Scenario } from "./scenario.ts";
import { silentHolder } from "./silent-holder.ts";
import { stdinBackpressure } from "./stdin-backpressure.ts";
import { writeToFifo } from "./write-to-fifo.ts";

/** Every scenario there is. */
export const scenarios: readonly Scenario[] = [
  headOfLine,
  interleavedStreams,
  leaving,
  messageLimit,
  openLimit,
  pipelining,
  replayedWrites,
  resumeDeadline,
  resumeRace,
  resumeRefusals,
  retainedOutput,
  silentHolder,
  stdinBackpressure,
  writeToFifo,
];
