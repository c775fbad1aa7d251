import { z } from "zod";
import { optional } from "./scalars.ts";

/**
 * What a Proctor executor offers beyond the protocol of the reference (03 section 11). Offered in the result of
 * `initialize`, where the reference's clients ignore it; used only after it was offered, so that the reference's servers never
 * see it.
 */
export const features = [
  /** `process/start` with a `startId`: the same id again joins the first start (03 D-4). */
  "startId",
  /** Mutating methods with an `idempotencyKey`: the same key again gets the first outcome (03 D-5). */
  "key",
  /** `process/read` tells the number of the exit, so that a long record can be read page by page (03 D-2). */
  "pages",
  /** `session/end`: the session is over at once (03 D-14). */
  "end",
  /** `session/list`: the processes of the session. */
  "list",
  /** `process/closeStdin`: the end of input. */
  "closeStdin",
  /** `process/resize`: the size of a terminal. */
  "resize",
  /** `process/kill`: any signal by name. */
  "kill",
  /** `fs/open` with a `mode`, and `fs/writeBlock`: files are written block by block. */
  "writeBlocks",
  /** `fs/writeFile` with `atomic`: the file is replaced in one step (04 F-21). */
  "atomicWrites",
  /** `process/start` with a `timeLimitMs`: the process is ended when its time is over, and its exit tells so. */
  "timeLimit",
  /** `process/exited` and `process/read` tell what the process used, where the executor's host can tell. */
  "usage",
  /** `session/observe`: another connection follows the session and cannot change anything (03 section 11). */
  "observe",
  /** `http/request/cancel`: an exchange ends before its body does (06 H-59). */
  "httpCancel",
  /** `http/request` with a `redirectPolicy`, and a result that tells where it came from (06 H-53a). */
  "httpRedirects",
  /** `http/request` with headers that have a `valueEnvVar` (06 H-57). */
  "httpHeaderEnvVars",
  /** `process/exited` tells whether the end of a confined process looks like the work of its sandbox (05 SB-D6). */
  "denials",
  /** Requests with a `trace`: the spans of the executor belong to the trace of the client (07 E-45). */
  "trace",
] as const;

/** The name of one extension. */
export type Feature = (typeof features)[number];

/** The offer as it stands in the result of `initialize`; one that cannot be read is none. */
export const offer = z.object({
  v: z.int(),
  /** How long a session outlives its connection, in milliseconds. */
  sessionTtlMs: z.int().nonnegative(),
  features: z.array(z.string()),
  /** Lets whoever knows it observe this session, and nothing else; unguessable, and a secret. */
  observerKey: z.string().optional(),
});
export type Offer = z.output<typeof offer>;

/** The longest key, in characters. */
export const longestKey = 64;

/** Identifies one mutating call across connections. */
export const idempotencyKey = optional(z.string().min(1).max(longestKey));

/** Signals that can be sent by name. */
export const signalName = z.enum([
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGKILL",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGWINCH",
]);
export type SignalName = z.output<typeof signalName>;

/** A time limit in milliseconds: as much as a timer can wait. */
export const timeLimit = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const cells = z.int().min(1).max(65_535);

/** Params of `process/closeStdin`. What was written before still arrives. */
export const closeStdinParams = z.object({ processId: z.string() });

/** Params of `process/resize`. */
export const resizeParams = z.object({ processId: z.string(), rows: cells, cols: cells });

/** Params of `process/kill`. */
export const killParams = z.object({ processId: z.string(), signal: signalName });

/** `session/end` and `session/list` take nothing. */
export const nothing = z.union([z.undefined(), z.null(), z.object({})]).transform((): Record<string, never> => ({}));

/** What is told of one process: never its arguments, which can hold secrets. */
const listedProcess = z.object({
  processId: z.string(),
  state: z.enum(["starting", "running", "exited", "closed"]),
  exitCode: z.int().nullable(),
  /** Only where its time limit was over before it exited. */
  timedOut: z.literal(true).optional(),
  /** The number that the next event will get. */
  nextSeq: z.int(),
});
export type ListedProcess = z.output<typeof listedProcess>;

/** Result of `session/list`, in the order of the starts. */
export const listResult = z.object({ processes: z.array(listedProcess) });

/** Params of `session/observe`. */
export const observeParams = z.object({ observerKey: z.string() });

/**
 * Params of the notification `session/process`, which only observers get: this process is there, and has come so far. Told
 * when it has started, and when output was left out because the observer read too slowly; the observer reads it again.
 */
export const observedProcess = listedProcess.extend({
  /** Counts the processes of the session that have started, so that two with one id after another can be told apart. */
  ordinal: z.int(),
});
export type ObservedListing = z.output<typeof observedProcess>;

/** Result of `session/observe`, in the order of the starts. */
export const observeResult = z.object({ processes: z.array(observedProcess) });

/** Params of the notification `session/ended`, the last one that an observer gets. */
export const sessionEndedParams = z.object({});
