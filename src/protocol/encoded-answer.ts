import type { RequestId } from "./envelope.ts";

/** An answer that is bytes before it is sent: in such answers most of what leaves an executor leaves. */
export abstract class EncodedAnswer {
  /** The whole message, once. It stays as it is until `sent`. */
  abstract encode(id: RequestId): Uint8Array;

  /** The message is on its way: its bytes may be used for something else. Need not be called. */
  sent(): void {}
}

/** Where large messages are put together. */
export interface MessageMemory {
  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer;
  /** Nobody reads or writes what `take` gave any more. */
  give(buffer: Buffer): void;
}

/** Room to be left before the body of a message for its head. */
export const headRoom = 256;

/** The message, without a copy of its body unless the head is long: an id is any text. */
export function withHead(head: string, buffer: Buffer, bodyEnd: number): Uint8Array {
  // A character has up to three bytes.
  if (head.length * 3 > headRoom) return Buffer.concat([Buffer.from(head), buffer.subarray(headRoom, bodyEnd)]);
  const start = headRoom - Buffer.byteLength(head);
  buffer.write(head, start);
  return buffer.subarray(start, bodyEnd);
}
