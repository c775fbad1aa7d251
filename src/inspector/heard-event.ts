import type { HeardEvent } from "./records.ts";

/**
 * An event as a machine can hear it again: what was an error is an error again, since machines ask errors for their message. For
 * whoever replays a history; pure, and for the page too.
 */
export function reviveEvent(event: HeardEvent): { readonly type: string; readonly [member: string]: unknown } {
  const { error } = event;
  if (typeof error !== "object" || error === null || !("message" in error)) return event;
  const { name, message, ...members } = error;
  return { ...event, error: Object.assign(new Error(String(message)), { name }, members) };
}

/** What is told in place of an event when a machine itself has failed: nothing that a machine hears. */
export const machineFailed = "machine.failed";
