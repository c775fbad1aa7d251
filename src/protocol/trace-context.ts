/**
 * W3C trace context as it stands beside the params of a request (07 E-45): by it the spans of both ends make one trace. Its
 * members are what the sender's propagator made; whether they can be used is for the receiver's to say.
 */
export interface TraceContext {
  readonly traceparent?: string | null | undefined;
  readonly tracestate?: string | null | undefined;
}

/** Is it one, `null`, or nothing (01 W-23)? Further members are ignored. */
export function isAcceptableTrace(trace: unknown): trace is TraceContext | null | undefined {
  if (trace === undefined || trace === null) return true;
  if (typeof trace !== "object" || Array.isArray(trace)) return false;
  const { traceparent, tracestate } = trace as Record<string, unknown>; // an object that is no array has members
  return isText(traceparent) && isText(tracestate);
}

function isText(part: unknown): part is string | null | undefined {
  return part === undefined || part === null || typeof part === "string";
}
