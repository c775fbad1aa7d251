import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter } from "../../src/transports/line-splitter.ts";

/** Bytes with many newlines and blanks. */
const arbitraryStream = fc
  .array(fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x20, 0x09, 0x00), fc.nat(255)), { maxLength: 60 })
  .map((bytes) => Uint8Array.from(bytes));

function split(splitter: LineSplitter, chunks: readonly Uint8Array[]): string[] {
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  return [...lines, ...splitter.end()].map((line) => Buffer.from(line).toString("latin1"));
}

function expected(stream: Uint8Array): string[] {
  return Buffer.from(stream)
    .toString("latin1")
    .split("\n")
    .map((line) => line.replace(/^[\t-\r ]+|[\t-\r ]+$/g, ""))
    .filter((line) => line !== "");
}

test("every split of the stream gives the lines of the whole", () => {
  fc.assert(
    fc.property(arbitraryStream, fc.array(fc.nat(8)), (stream, cuts) => {
      let at = 0;
      const chunks = [...cuts, stream.length].map((cut) => {
        at += cut;
        return stream.subarray(at - cut, at);
      });
      expect(split(new LineSplitter(1_000), chunks)).toEqual(expected(stream));
    }),
    { numRuns: 1_000 },
  );
});

test("blank lines, carriage returns and surrounding blanks vanish", () => {
  expect(split(new LineSplitter(100), [Buffer.from('\n   \n\r\n  {"id":1}\t\r\n\n')])).toEqual(['{"id":1}']);
});

test("a line of exactly the limit is a line, and one byte more ends it all", () => {
  expect(split(new LineSplitter(4), [Buffer.from("abcd\n")])).toEqual(["abcd"]);
  const splitter = new LineSplitter(4);
  expect(split(splitter, [Buffer.from("one\nabc"), Buffer.from("de\nx\n")])).toEqual(["one"]);
  expect(splitter.overflowed).toBe(true);
});

test("what is held of a line that grew too long is let go", () => {
  const splitter = new LineSplitter(4);
  splitter.push(Buffer.from("abc"));
  splitter.push(Buffer.from("de"));
  expect(splitter.end()).toEqual([]);
});
