/** How much of the beginning of a message is at hand, and of its end. */
export const headBytes = 512;
export const tailBytes = 256;

/** What a message is, told by its first bytes: the executors write their members in one order (01 section 10). */
export type Kind = "answer" | "error" | "output" | "exited" | "closed" | "other";

const idAt = '{"id":'.length;
const methodAt = '{"method":"process/'.length;
const processIdAt = '{"method":"process/output","params":{"processId":"'.length; // all three methods have the same length
const chunkKey = Buffer.from('"chunk":"');
const code = { quote: 0x22, zero: 0x30, nine: 0x39, equals: 0x3d, c: 0x63, e: 0x65, i: 0x69, m: 0x6d, o: 0x6f };
const [letterP, slash] = [0x70, 0x2f];

/**
 * One message as the scanner saw it: where its first and last bytes lie, and how long it is. The scanner has only one of
 * these and fills it anew for each message, so whoever wants to keep something copies it.
 */
export class Message {
  /** Length of the payload. */
  length = 0;
  /** Holds the first bytes from `headStart` on; all of it, if it is no longer than {@link headBytes}. */
  head: Buffer = Buffer.alloc(0);
  headStart = 0;
  headLength = 0;
  /** Holds the last bytes up to `tailEnd`. */
  tail: Buffer = Buffer.alloc(0);
  tailEnd = 0;

  /** What it is. */
  get kind(): Kind {
    const { head, headStart } = this;
    const member = head[headStart + 2];
    if (member === code.i) return "answer";
    if (member === code.e) return "error";
    const isProcess = head[headStart + methodAt - 1] === slash && head[headStart + methodAt - 8] === letterP;
    if (member !== code.m || !isProcess) return "other";
    const letter = head[headStart + methodAt];
    if (letter === code.o) return "output";
    if (letter === code.e) return "exited";
    return letter === code.c ? "closed" : "other";
  }

  /** The id of an answer. */
  get id(): number {
    let id = 0;
    for (let at = this.headStart + idAt; ; at += 1) {
      const digit = this.head[at] ?? 0;
      if (digit < code.zero || digit > code.nine) return id;
      id = id * 10 + digit - code.zero;
    }
  }

  /** The process that an event belongs to; its id has no escapes. */
  get processId(): string {
    const start = this.headStart + processIdAt;
    return this.head.toString("latin1", start, this.head.indexOf(code.quote, start));
  }

  /** How many bytes of output an event carries. */
  get outputBytes(): number {
    const start = this.head.indexOf(chunkKey, this.headStart + processIdAt) + chunkKey.length - this.headStart;
    return this.base64Bytes(start, '"}}'.length);
  }

  /** How many bytes the base64 text stands for that fills the message but for what is before and behind it. */
  base64Bytes(before: number, behind: number): number {
    const last = this.tailEnd - behind - 1;
    const padding = this.tail[last] !== code.equals ? 0 : this.tail[last - 1] !== code.equals ? 1 : 2;
    return ((this.length - before - behind) / 4) * 3 - padding;
  }

  /** How many bytes the base64 text stands for between two pieces of text, of which the second is close to the end. */
  bytesBetween(before: string, behind: string): number {
    const start = this.head.indexOf(before, this.headStart) + before.length - this.headStart;
    const end = this.tail.lastIndexOf(behind, this.tailEnd - behind.length);
    return this.base64Bytes(start, this.tailEnd - end);
  }

  /** The end of the text, or all of it if it is no longer than that. */
  get endOfText(): string {
    return this.tail.toString("latin1", this.tailEnd - Math.min(this.length, tailBytes), this.tailEnd);
  }

  /** The text, or as much of it as is at hand. */
  get text(): string {
    return this.head.toString("utf8", this.headStart, this.headStart + this.headLength);
  }
}
