import { z } from "zod";
import { timeLimit } from "./extensions.ts";
import { wirePath } from "./path-field.ts";
import { sandboxContext } from "./sandbox.ts";
import { bytes, optional, u64 } from "./scalars.ts";

/** Where a chunk of output came from: the two pipes, or the one terminal (02 P-25). */
export const outputStream = z.enum(["stdout", "stderr", "pty"]);
export type OutputStream = z.output<typeof outputStream>;

const stringMap = z.record(z.string(), z.string());

/** How the child's environment is made from the executor's (02 P-17). */
export const envPolicy = z.object({
  inherit: z.enum(["all", "core", "none"]),
  ignoreDefaultExcludes: z.boolean(),
  exclude: z.array(z.string()),
  set: stringMap,
  includeOnly: z.array(z.string()),
});
export type EnvPolicy = z.output<typeof envPolicy>;

/**
 * Extension `usage`: what a process used, together with those of its descendants that it has waited for itself. Peers that do
 * not know it ignore it.
 */
export const resourceUsage = z.object({
  /** Processor time in its own code, in whole milliseconds: numbers of this protocol have no fraction (01 W-22). */
  userCpuMs: z.int().nonnegative(),
  /** Processor time in the kernel on its behalf, in whole milliseconds. */
  systemCpuMs: z.int().nonnegative(),
  /** The most memory that it held at once; `null`: not known. */
  peakMemoryBytes: z.int().nonnegative().nullable(),
});
export type ResourceUsage = z.output<typeof resourceUsage>;

/** Params of `process/start` (02 section 2). */
export const processStartParams = z.object({
  processId: z.string(),
  argv: z.array(z.string()),
  cwd: wirePath,
  env: stringMap,
  tty: z.boolean(),
  pipeStdin: z.boolean().default(false),
  arg0: optional(z.string()),
  envPolicy: optional(envPolicy),
  sandbox: optional(sandboxContext),
  enforceManagedNetwork: z.boolean().default(false),
  /** Extension: tells a repeated start from another one under the same id (03 D-4). */
  startId: optional(z.string()),
  /** Extension: how long after the start it is ended if it has not closed, in milliseconds. */
  timeLimitMs: optional(timeLimit),
});
export type ProcessStartParams = z.output<typeof processStartParams>;

/** Result of `process/start`. */
export const processStartResult = z.object({ processId: z.string() });

/** Params of `process/read` (02 section 5). */
export const processReadParams = z.object({
  processId: z.string(),
  /** Only chunks with a greater number; absent: 0. */
  afterSeq: optional(u64),
  /** Bound on the returned payload; absent: no bound. The first chunk always comes whole. */
  maxBytes: optional(u64),
  /** How long to wait for news; absent: 0. */
  waitMs: optional(u64),
});
export type ProcessReadParams = z.output<typeof processReadParams>;

/** One numbered chunk of output. */
export const outputChunk = z.object({ seq: z.int(), stream: outputStream, chunk: bytes });

/** Result of `process/read` (02 P-34 to P-36). */
export const processReadResult = z.object({
  chunks: z.array(outputChunk),
  nextSeq: z.int(),
  exited: z.boolean(),
  exitCode: z.int().nullable(),
  closed: z.boolean(),
  failure: z.string().nullable(),
  sandboxDenied: z.boolean().default(false),
  /** Extension: the number of the exit, so that a reader of pages can tell it from a lost chunk. */
  exitSeq: z.int().nullish(),
  /** Extension: its time limit was over before it exited. */
  timedOut: z.boolean().optional(),
  usage: resourceUsage.nullish().catch(null),
});
export type ProcessReadResult = z.output<typeof processReadResult>;

/** Params of `process/write` (02 section 6). */
export const processWriteParams = z.object({ processId: z.string(), chunk: bytes, writeId: z.string() });

/** What became of a write (02 P-43). */
export const writeStatus = z.enum(["accepted", "unknownProcess", "stdinClosed", "starting"]);
export type WriteStatus = z.output<typeof writeStatus>;

/** Result of `process/write`. */
export const processWriteResult = z.object({ status: writeStatus });

/** Params of `process/signal` (02 P-52). */
export const processSignalParams = z.object({ processId: z.string(), signal: z.literal("interrupt") });

/** Params of `process/terminate` (02 P-57). */
export const processTerminateParams = z.object({ processId: z.string() });

/** Result of `process/terminate`: was it running at this moment? (02 P-58) */
export const processTerminateResult = z.object({ running: z.boolean() });

/** Params of the notification `process/output` (02 P-24). */
export const processOutputParams = z.object({
  processId: z.string(),
  seq: z.int(),
  stream: outputStream,
  chunk: bytes,
});

/** Params of the notification `process/exited` (02 P-26). */
export const processExitedParams = z.object({
  processId: z.string(),
  seq: z.int(),
  exitCode: z.int(),
  /** Extension: its time limit was over before. */
  timedOut: z.boolean().optional(),
  usage: resourceUsage.nullish().catch(null),
  /** Extension: its end looks like the work of its sandbox (05 SB-D6). */
  sandboxDenied: z.boolean().optional(),
  /** Extension: why it never ran (05 SB-Q6). */
  failure: z.string().optional(),
});

/** Params of the notification `process/closed` (02 P-28). */
export const processClosedParams = z.object({ processId: z.string(), seq: z.int() });
