import fc from "fast-check";
import { expect, test } from "vitest";
import { ContentAnswer } from "../../src/protocol/content-answer.ts";
import type { MessageMemory } from "../../src/protocol/encoded-answer.ts";
import { encodeResult } from "../../src/protocol/envelope.ts";
import { verifies } from "../rules/verifies.ts";

/** Memory that comes with the remains of what was there before, and knows how much is lent. */
class Lent implements MessageMemory {
  count = 0;
  take(bytes: number): Buffer {
    this.count += 1;
    return Buffer.alloc(bytes, "x");
  }
  give(buffer: Buffer): void {
    buffer.fill("y");
    this.count -= 1;
  }
}

const id = fc.oneof(
  fc.string({ unit: "binary", maxLength: 400, size: "max" }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const pieces = fc.array(fc.uint8Array({ maxLength: 20_000, size: "max" }), { maxLength: 6 });

/** Encodes pieces that are gone when the next one comes. */
function fill(answer: ContentAnswer, pieces: readonly Uint8Array[]): void {
  const buffer = new Uint8Array(20_000);
  for (const piece of pieces) {
    buffer.set(piece);
    answer.add(buffer.subarray(0, piece.length));
  }
}

test("content says what the plain encoding says, to the byte, in whatever pieces it comes and whatever was expected", () => {
  verifies("04 F-13", "04 F-45");
  fc.assert(
    fc.property(id, pieces, fc.nat(100_000), fc.boolean(), (id, pieces, expectedBytes, eof) => {
      const memory = new Lent();
      const content = Buffer.concat(pieces).toString("base64");
      const whole = new ContentAnswer("dataBase64", expectedBytes, memory);
      fill(whole, pieces);
      expect(Buffer.from(whole.end().encode(id)).toString()).toBe(encodeResult(id, { dataBase64: content }));
      const block = new ContentAnswer("chunk", expectedBytes, memory);
      fill(block, pieces);
      const text = Buffer.from(block.end(`,"eof":${eof}}`).encode(id)).toString();
      expect(text).toBe(encodeResult(id, { chunk: content, eof }));
      whole.sent();
      block.sent();
      expect(memory.count).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test("memory goes back once, however often the end is told", () => {
  const memory = new Lent();
  const answer = new ContentAnswer("dataBase64", 10, memory);
  answer.discard();
  answer.sent();
  expect(memory.count).toBe(0);
});
