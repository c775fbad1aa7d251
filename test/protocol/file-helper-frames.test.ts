import fc from "fast-check";
import { expect, test } from "vitest";
import { offsetFromText, pathFromBytes, pathToBytes } from "../../src/protocol/file-helper/calls.ts";
import {
  callFrame,
  callParts,
  FrameError,
  FrameReader,
  frameHead,
  frameKinds,
  jsonFrame,
} from "../../src/protocol/file-helper/frames.ts";

test("frames come out as they went in, however the bytes are cut", () => {
  const frame = fc.record({
    kind: fc.constantFrom(frameKinds.call, frameKinds.expect, frameKinds.piece, frameKinds.done),
    call: fc.nat(2 ** 32 - 1),
    body: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (frames, cuts) => {
      const seen: [number, number, string][] = [];
      const pieces = new Map<number, Uint8Array[]>();
      const reader = new FrameReader(40, {
        frame: (kind, call, body) => void seen.push([kind, call, body.toString("hex")]),
        piece: (call, bytes) => void pieces.set(call, [...(pieces.get(call) ?? []), Uint8Array.from(bytes)]),
      });
      const all = Buffer.concat(frames.flatMap(({ kind, call, body }) => [frameHead(kind, call, body.length), body]));
      for (let at = 0, n = 0; at < all.length; n += 1) {
        const size = cuts[n % cuts.length] ?? 1;
        reader.push(all.subarray(at, at + size));
        at += size;
      }
      const whole = frames.filter(({ kind }) => kind !== frameKinds.piece);
      expect(seen).toEqual(whole.map(({ kind, call, body }) => [kind, call, Buffer.from(body).toString("hex")]));
      for (const number of new Set(frames.map(({ call }) => call))) {
        const sent = frames
          .filter(({ kind, call }) => kind === frameKinds.piece && call === number)
          .map(({ body }) => body);
        expect(Buffer.concat(pieces.get(number) ?? []).equals(Buffer.concat(sent))).toBe(true);
      }
    }),
  );
});

test("a body that is too long is refused before there is memory for it", () => {
  const reader = new FrameReader(100, { frame: () => undefined, piece: () => undefined });
  expect(() => reader.push(frameHead(frameKinds.done, 1, 101))).toThrow(FrameError);
});

test("a call and its content are told apart again", () => {
  let parts: ReturnType<typeof callParts> | undefined;
  const reader = new FrameReader(1_000, {
    frame: (_kind, _call, body) => {
      parts = callParts(body);
    },
    piece: () => undefined,
  });
  const content = Uint8Array.of(0, 255, 10);
  reader.push(callFrame(7, { op: "writeFile", path: "é" }, content.length));
  expect(parts).toBeUndefined();
  reader.push(content);
  expect(parts).toEqual({ value: { op: "writeFile", path: "é" }, content: Buffer.from(content) });
  reader.push(jsonFrame(frameKinds.call, 8, {}).subarray(0, 9));
});

test("paths keep their bytes, and are text where they can be", () => {
  const bytes = Buffer.from([0x2f, 0xff, 0x0a]);
  expect(pathFromBytes(pathToBytes("/é\n"))).toBe("/é\n");
  expect(pathFromBytes(pathToBytes(bytes))).toEqual(bytes);
});

test("offsets keep every digit", () => {
  expect(offsetFromText("9007199254740991")).toBe(9_007_199_254_740_991);
  expect(offsetFromText("9223372036854775807")).toBe(9_223_372_036_854_775_807n);
});
