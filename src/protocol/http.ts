import { z } from "zod";
import { encodeBase64 } from "./base64.ts";
import { bytes, optional, u64 } from "./scalars.ts";

const header = z.object({ name: z.string(), value: z.string() });

/** A header that is asked for. */
const requestHeader = header.extend({
  /** A variable of the executor whose content is sent behind the value (06 H-57). */
  valueEnvVar: optional(z.string()),
});

/** Params of `http/request` (06 section 2). */
export const httpRequestParams = z.object({
  method: z.string(),
  url: z.string(),
  requestId: z.string(),
  headers: z.array(requestHeader).default([]),
  bodyBase64: optional(bytes),
  /** Deadline of the whole exchange; absent: none. */
  timeoutMs: optional(u64),
  /** The body follows in `http/request/bodyDelta` notifications. */
  streamResponse: z.boolean().default(false),
  /** `stop` gives a redirect itself instead of where it leads (06 H-53). */
  redirectPolicy: z.enum(["follow", "stop"]).default("follow"),
});

/** Result of `http/request`; `bodyBase64` is empty when the body is streamed. */
export const httpRequestResult = z.object({
  status: z.int(),
  headers: z.array(header),
  bodyBase64: bytes,
  /** Where the response came from, without userinfo and fragment (06 H-53a). */
  url: z.string().optional(),
  /** Was a redirect followed on the way? */
  redirected: z.boolean().optional(),
  statusText: z.string().optional(),
});

/** Params of `http/request/cancel` (06 H-59). */
export const httpCancelParams = z.object({ requestId: z.string() });

/** Was there anything to cancel? */
export const httpCancelResult = z.object({ cancelled: z.boolean() });

/** Params of the notification `http/request/bodyDelta`. */
export const httpBodyDeltaParams = z.object({
  requestId: z.string(),
  /** From 1. */
  seq: z.int(),
  deltaBase64: bytes,
  done: z.boolean().default(false),
  error: optional(z.string()),
});

/** One piece of a body as a notification, put together by hand like a piece of output: the base64 needs no escaping. */
export function encodeBodyDelta(requestIdJson: string, seq: number, piece: Uint8Array): string {
  return `{"method":"http/request/bodyDelta","params":{"requestId":${requestIdJson},"seq":${seq},"deltaBase64":"${encodeBase64(piece)}","done":false,"error":null}}`;
}

/** The last notification of a body (06 H-36). @param error why it is not whole */
export function encodeBodyEnd(requestIdJson: string, seq: number, error: string | null): string {
  return `{"method":"http/request/bodyDelta","params":{"requestId":${requestIdJson},"seq":${seq},"deltaBase64":"","done":true,"error":${JSON.stringify(error)}}}`;
}
