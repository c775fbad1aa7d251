import { z } from "zod";
import { idempotencyKey } from "./extensions.ts";
import { wirePath } from "./path-field.ts";
import { sandboxContext } from "./sandbox.ts";
import { bytes, exactU64, optional } from "./scalars.ts";

const onPath = { path: wirePath, sandbox: optional(sandboxContext) };

/** A call that answers nothing but success. */
export const emptyResult = z.object({});

/** `fs/readFile` (04 section 10.1). */
export const readFileParams = z.object(onPath);
export const readFileResult = z.object({ dataBase64: bytes });

/**
 * `fs/writeFile` (04 section 10.2). The data stays text here: its faults are the handler's to report, with another code
 * than a decoding error (04 F-15). Extension `atomic`: the old content or the new, at any time (04 F-21).
 */
export const writeFileParams = z.object({
  ...onPath,
  dataBase64: z.string(),
  atomic: optional(z.boolean()),
  idempotencyKey,
});

/** `fs/createDirectory` (04 section 10.3); `recursive` is true unless said otherwise. */
export const createDirectoryParams = z.object({ ...onPath, recursive: optional(z.boolean()), idempotencyKey });

/** `fs/getMetadata` (04 section 10.4): of the target, with `isSymlink` for the path itself. */
export const getMetadataParams = z.object(onPath);
export const getMetadataResult = z.object({
  isDirectory: z.boolean(),
  isFile: z.boolean(),
  isSymlink: z.boolean(),
  size: exactU64,
  createdAtMs: z.int(),
  modifiedAtMs: z.int(),
});

/** `fs/canonicalize` (04 section 10.5). */
export const canonicalizeParams = z.object(onPath);
export const canonicalizeResult = z.object({ path: z.string() });

/** `fs/readDirectory` (04 section 10.6). */
export const readDirectoryParams = z.object(onPath);
export const readDirectoryResult = z.object({
  entries: z.array(
    z.object({
      fileName: z.string(),
      isDirectory: z.boolean(),
      isFile: z.boolean(),
      /** The exact URI of the entry; a Proctor executor adds it, since `fileName` loses bytes that are not UTF-8 (04 F-32). */
      path: z.string().optional(),
    }),
  ),
});

/** `fs/remove` (04 section 10.7); both flags are true unless said otherwise. */
export const removeParams = z.object({
  ...onPath,
  recursive: optional(z.boolean()),
  force: optional(z.boolean()),
  idempotencyKey,
});

/** `fs/copy` (04 section 10.8). */
export const copyParams = z.object({
  sourcePath: wirePath,
  destinationPath: wirePath,
  recursive: z.boolean(),
  sandbox: optional(sandboxContext),
  idempotencyKey,
});

/**
 * How a file is opened: to be read, with new content instead of the old (10 section 3.3), or to go on writing where another
 * handle has left off.
 */
export const openMode = z.enum(["read", "replace", "update"]);
export type OpenMode = z.output<typeof openMode>;

/** `fs/open`, `fs/readBlock`, `fs/close` (04 section 10.9); `mode` is an extension. */
export const openParams = z.object({ ...onPath, handleId: z.string(), mode: optional(openMode) });
export const openResult = z.object({ handleId: z.string() });
export const readBlockParams = z.object({ handleId: z.string(), offset: exactU64, len: exactU64 });
export const readBlockResult = z.object({ chunk: bytes, eof: z.boolean() });
export const closeParams = z.object({ handleId: z.string() });

/** Extension `fs/writeBlock`: the same bytes at the same offset again change nothing, so it may be repeated (03 D-5). */
export const writeBlockParams = z.object({ handleId: z.string(), offset: exactU64, chunk: bytes });

/** `fs/walk` (04 part C). */
export const walkParams = z.object({
  ...onPath,
  options: z.object({
    maxDepth: exactU64,
    maxDirectories: exactU64,
    maxEntries: exactU64,
    followDirectorySymlinks: z.boolean(),
    pruneHiddenDirectories: z.boolean().default(false),
  }),
});
export const walkResult = z.object({
  entries: z.array(z.object({ path: z.string(), kind: z.enum(["directory", "file"]) })),
  errors: z.array(z.object({ path: z.string(), message: z.string() })),
  truncated: z.boolean(),
});
