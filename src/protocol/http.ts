import { z } from "zod";
import { bytes, optional, u64 } from "./scalars.ts";

const header = z.object({ name: z.string(), value: z.string() });

/** Params of `http/request` (06 section 2). */
export const httpRequestParams = z.object({
  method: z.string(),
  url: z.string(),
  requestId: z.string(),
  headers: z.array(header).default([]),
  bodyBase64: optional(bytes),
  /** Deadline of the whole exchange; absent: none. */
  timeoutMs: optional(u64),
  /** The body follows in `http/request/bodyDelta` notifications. */
  streamResponse: z.boolean().default(false),
});

/** Result of `http/request`; `bodyBase64` is empty when the body is streamed. */
export const httpRequestResult = z.object({ status: z.int(), headers: z.array(header), bodyBase64: bytes });

/** Params of the notification `http/request/bodyDelta`. */
export const httpBodyDeltaParams = z.object({
  requestId: z.string(),
  /** From 1. */
  seq: z.int(),
  deltaBase64: bytes,
  done: z.boolean().default(false),
  error: optional(z.string()),
});
