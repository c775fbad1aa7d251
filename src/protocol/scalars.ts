import { z } from "zod";
import { decodeBase64 } from "./base64.ts";

const u64Max = 2n ** 64n - 1n;

/**
 * An unsigned 64-bit integer (01 W-27). Values beyond 2^53-1 arrive as `bigint` from the envelope codec, so that nothing
 * is rounded on the way.
 */
export const exactU64 = z.union([z.int().nonnegative(), z.bigint().min(0n).max(u64Max)], { error: "invalid number" });

/** An unsigned 64-bit integer for which "more than 2^53-1" needs no distinction: large values become `Infinity`. */
export const u64 = exactU64.transform((value) => (typeof value === "bigint" ? Number.POSITIVE_INFINITY : value));

/** A field that may be absent or `null`, both meaning "not given" (01 W-26). */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? null);
}

const base64Text = z.string().transform((text, context): Uint8Array => {
  const decoded = decodeBase64(text);
  if (decoded !== undefined) return decoded;
  context.addIssue({ code: "custom", message: "not standard base64 with padding" });
  return z.NEVER;
});

/**
 * Bytes as strict base64 (01 W-28). The envelope codec hands over long ones decoded; on the wire they are always text, hence
 * the type.
 */
export const bytes = z.union([base64Text, z.instanceof(Uint8Array)]) as unknown as typeof base64Text;
