const MIB = 1024 * 1024;

/** Largest websocket frame that an executor accepts: one byte more ends the connection with 1009 (01 W-12). */
export const MAX_FRAME_BYTES = 16 * MIB;

/** Largest message that either end accepts, reassembled from its fragments; also the longest stdio line (01 W-12). */
export const MAX_MESSAGE_BYTES = 64 * MIB;

/** Longer messages leave in fragments of this size, half of what the strictest peer accepts (03 D-15). */
export const FRAGMENT_BYTES = 8 * MIB;

/** Largest message that this end ever sends: what a peer might reject is refused here instead (03 D-15). */
export const LARGEST_SENT_BYTES = 60 * MIB;

/** The size of a message that must not be sent, in bytes; `null` for one that may. Short ones cost nothing to ask for. */
export function oversizeOf(message: string | Uint8Array, limitBytes = LARGEST_SENT_BYTES): number | null {
  if (message.length * 3 <= limitBytes) return null; // a UTF-16 unit becomes at most 3 bytes
  const bytes = typeof message === "string" ? Buffer.byteLength(message) : message.length;
  return bytes > limitBytes ? bytes : null;
}
