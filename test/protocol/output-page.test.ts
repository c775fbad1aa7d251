import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeResult } from "../../src/protocol/envelope.ts";
import { OutputPage } from "../../src/protocol/output-page.ts";
import { verifies } from "../rules/verifies.ts";

const id = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const chunk = fc.record({
  seq: fc.maxSafeNat(),
  stream: fc.constantFrom("stdout" as const, "stderr" as const, "pty" as const),
  bytes: fc.uint8Array(),
});
const state = fc.record({
  nextSeq: fc.maxSafeNat(),
  exited: fc.boolean(),
  exitCode: fc.option(fc.integer({ min: -1, max: 255 })),
  closed: fc.boolean(),
  failure: fc.option(fc.string({ unit: "binary" })),
  sandboxDenied: fc.boolean(),
  exitSeq: fc.option(fc.maxSafeNat()),
});

test("a page says what the plain encoding says, to the byte", () => {
  verifies("02 P-24");
  fc.assert(
    fc.property(id, fc.array(chunk), state, (id, chunks, state) => {
      const plain = chunks.map(({ bytes, ...rest }) => ({ ...rest, chunk: Buffer.from(bytes).toString("base64") }));
      const text = Buffer.from(new OutputPage(chunks, state).encode(id)).toString();
      expect(text).toBe(encodeResult(id, { chunks: plain, ...state }));
    }),
  );
});

test("a page is a copy: what it was made of may be gone when it leaves", () => {
  const bytes = new Uint8Array(Buffer.from("kept"));
  const page = new OutputPage([{ seq: 1, stream: "stdout", bytes }], {
    nextSeq: 2,
    exited: false,
    exitCode: null,
    closed: false,
    failure: null,
    sandboxDenied: false,
    exitSeq: null,
  });
  bytes.fill(0);
  expect(Buffer.from(page.encode(1)).toString()).toContain(btoa("kept"));
});
