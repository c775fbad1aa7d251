import { z } from "zod";
import { offer } from "./extensions.ts";
import { optional } from "./scalars.ts";

/** Params of `initialize` (01 W-33, W-37). */
export const initializeParams = z.object({
  clientName: z.string(),
  /** Resume this session instead of creating one. */
  resumeSessionId: optional(z.string()),
});

/** Result of `initialize`. */
export const initializeResult = z.object({
  sessionId: z.string(),
  /** What a Proctor executor offers beyond the reference (03 section 11). */
  proctor: offer.optional().catch(undefined),
});
