import { z } from "zod";

// What comes out of a sandbox is looked at like what comes over the wire.

const pathBytes = z.string();

/** Why a helper did not do what it was asked. */
export const helperFailure = z.discriminatedUnion("kind", [
  /** The operating system said no. */
  z.object({ kind: z.literal("error"), errno: z.string(), op: z.string(), path: pathBytes }),
  /** The helper will not do it. */
  z.object({ kind: z.literal("refused"), message: z.string(), op: z.string(), path: pathBytes }),
  /** A fault of the helper itself. */
  z.object({ kind: z.literal("fault"), message: z.string() }),
]);

/** The results of the calls that have any. */
export const helperResults = {
  metadata: z.object({
    isDirectory: z.boolean(),
    isFile: z.boolean(),
    isSymlink: z.boolean(),
    size: z.union([
      z.int().nonnegative(),
      z
        .string()
        .regex(/^\d{1,20}$/)
        .transform(BigInt),
    ]),
    createdAtMs: z.int(),
    modifiedAtMs: z.int(),
  }),
  canonicalize: z.object({ path: pathBytes }),
  readDirectory: z.array(z.tuple([pathBytes, z.boolean(), z.boolean()])),
  walk: z.object({
    entries: z.array(z.object({ path: z.string(), kind: z.enum(["directory", "file"]) })),
    errors: z.array(z.object({ path: z.string(), message: z.string() })),
    truncated: z.boolean(),
  }),
  readBlock: z.object({ read: z.int().nonnegative() }),
} as const;

/** The size that a file says it has. */
export const expectedBytes = z.int().nonnegative();
