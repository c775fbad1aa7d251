import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameSizeGuard } from "../../src/transports/frame-size-guard.ts";
import { frame, header } from "./raw-peer.ts";

const LIMIT = 200;

/** Small frames in each of the three length encodings, some of them larger than the limit. */
const arbitraryFrame = fc
  .record({
    length: fc.oneof(fc.nat(130), fc.integer({ min: LIMIT - 2, max: LIMIT + 2 })),
    opcode: fc.nat(15),
    masked: fc.boolean(),
    wide: fc.boolean(),
  })
  .map(({ length, opcode, masked, wide }) => ({
    length,
    bytes: Buffer.concat([
      wide ? wideHeader(opcode, length, masked) : header(opcode, length, { masked }),
      filler(length),
    ]),
  }));

/** A length that would fit fewer bytes, in eight. */
function wideHeader(opcode: number, length: number, masked: boolean): Buffer {
  const bytes = Buffer.alloc(masked ? 14 : 10);
  bytes[0] = 0x80 | opcode;
  bytes[1] = (masked ? 0x80 : 0) | 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

/** Bytes that look like the header of a huge frame. */
function filler(length: number): Buffer {
  return Buffer.alloc(length, 0xff);
}

test("every split of the byte stream gives the same verdict", () => {
  fc.assert(
    fc.property(fc.array(arbitraryFrame, { maxLength: 8 }), fc.array(fc.nat(60)), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(({ bytes }) => bytes));
      const oversize = frames.find(({ length }) => length > LIMIT)?.length ?? null;
      const guard = new FrameSizeGuard(LIMIT);
      let at = 0;
      for (const cut of [...cuts, stream.length]) {
        guard.accepts(stream.subarray(at, at + cut));
        at += cut;
      }
      expect(guard.oversizeBytes).toBe(oversize);
    }),
    { numRuns: 1_000 },
  );
});

test("a stream cut into single bytes is judged like the whole", () => {
  const stream = Buffer.concat([frame(1, "hello"), frame(9, ""), header(2, LIMIT + 1)]);
  const guard = new FrameSizeGuard(LIMIT);
  const verdicts = [...stream].map((byte) => guard.accepts(Uint8Array.of(byte)));
  // The length is known before the four bytes of the mask, but a frame without its mask is not one yet.
  expect(verdicts.indexOf(false)).toBe(stream.length - 1);
});

test("a frame of exactly the limit is accepted and one byte more is not", () => {
  expect(new FrameSizeGuard(16 * 2 ** 20).accepts(header(1, 16 * 2 ** 20))).toBe(true);
  expect(new FrameSizeGuard(16 * 2 ** 20).accepts(header(1, 16 * 2 ** 20 + 1))).toBe(false);
});

test("a length beyond what numbers hold exactly is still too large", () => {
  const guard = new FrameSizeGuard(LIMIT);
  expect(guard.accepts(Buffer.concat([Buffer.from([0x82, 127]), Buffer.alloc(8, 0xff)]))).toBe(false);
});

test("nothing is accepted after a frame that was too large", () => {
  const guard = new FrameSizeGuard(LIMIT);
  guard.accepts(header(1, LIMIT + 1));
  expect(guard.accepts(frame(1, "fine"))).toBe(false);
});
