import { z } from "zod";
import { signalName } from "../protocol/extensions.ts";

const id = z.int().min(0);
const actor = z.int().min(1);

/** What a viewer may always ask for: to see more. */
const looking = [
  /** Sends the output of a process, from the first byte that is kept, or behind the number of an event, and what it prints from now on. */
  z.object({ type: z.literal("follow"), id: id.optional(), actor, afterSeq: z.int().min(0).optional() }),
  z.object({ type: z.literal("unfollow"), id: id.optional(), actor }),
] as const;

/** What a viewer may ask for where it is given control. */
const acting = [
  /** Writes to the stdin of a process. */
  z.object({ type: z.literal("write"), id: id.optional(), actor, base64: z.string().max(96 * 1024) }),
  /** Kills a process and its group. */
  z.object({ type: z.literal("terminate"), id: id.optional(), actor }),
  /** Sends the group of a process a signal. */
  z.object({ type: z.literal("signal"), id: id.optional(), actor, signal: signalName }),
] as const;

/** A message from the page, as JSON in a websocket text message. */
export const viewerRequest = z.discriminatedUnion("type", [...looking, ...acting]);

/** What the page may ask for. What acts (`write`, `terminate`, `signal`) is refused unless the inspector was started with control. */
export type ViewerRequest = z.infer<typeof viewerRequest>;

/** A request that changes something. */
export type ActingRequest = Extract<ViewerRequest, { type: "write" | "terminate" | "signal" }>;

/** Does it change something? */
export function isActing(request: ViewerRequest): request is ActingRequest {
  return request.type !== "follow" && request.type !== "unfollow";
}
