import type { Row } from "../row.ts";
import { clientLibrary } from "./client-library.ts";
import { echo } from "./echo.ts";
import { fileBlocks, fileWhole } from "./files.ts";
import { growth } from "./growth.ts";
import { headOfLine } from "./head-of-line.ts";
import { idle } from "./idle.ts";
import { idleProcesses } from "./idle-processes.ts";
import { idleSessions } from "./idle-sessions.ts";
import { inspector } from "./inspector.ts";
import { massResume } from "./mass-resume.ts";
import { mixed } from "./mixed.ts";
import { catchUp, detachedOutput } from "./outage.ts";
import { outputPipe, outputPty } from "./output.ts";
import { pipelining } from "./pipelining.ts";
import { requests } from "./requests.ts";
import { resume } from "./resume.ts";
import { sandboxedFiles } from "./sandboxed-files.ts";
import { sandboxedStart } from "./sandboxed-start.ts";
import { start, starts } from "./starts.ts";
import { stdin } from "./stdin.ts";
import { subscribers } from "./subscribers.ts";
import { telemetry } from "./telemetry.ts";

/** Every row, in the order of the table: first those that have a goal. */
export const rows: readonly Row[] = [
  echo,
  start,
  starts,
  sandboxedStart,
  outputPipe,
  outputPty,
  stdin,
  requests,
  fileWhole,
  fileBlocks,
  sandboxedFiles,
  headOfLine,
  pipelining,
  resume,
  massResume,
  idle,
  idleProcesses,
  idleSessions,
  detachedOutput,
  catchUp,
  clientLibrary,
  subscribers,
  telemetry,
  mixed,
  growth,
  inspector,
];
