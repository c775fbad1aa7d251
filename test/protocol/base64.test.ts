import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64, decodeBase64InPlace, encodeBase64 } from "../../src/protocol/base64.ts";
import { verifies } from "../rules/verifies.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** RFC 4648 as it is written, one bit after the other. */
function decodeSlowly(text: string): number[] | undefined {
  const symbols = text.replace(/={1,2}$/, "");
  if (text.length % 4 !== 0 || [...symbols].some((symbol) => !alphabet.includes(symbol))) return undefined;
  const bits = [...symbols].map((symbol) => alphabet.indexOf(symbol).toString(2).padStart(6, "0")).join("");
  const used = bits.length - (bits.length % 8);
  if (bits.slice(used).includes("1")) return undefined;
  return Array.from({ length: used / 8 }, (_, index) => Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2));
}

test("exactly the texts of the standard are decoded, and to the same bytes", () => {
  verifies("01 W-28", "01 B-11");
  const nearly = fc.string({ unit: fc.constantFrom("A", "B", "Q", "R", "/", "+", "=", "-", "_", " ", "\n", "ä", "*") });
  const valid = fc.base64String();
  fc.assert(
    fc.property(
      fc.oneof(
        nearly,
        valid,
        fc.tuple(valid, nearly).map(([a, b]) => a + b),
      ),
      (text) => {
        const decoded = decodeBase64(text);
        expect(decoded && [...decoded]).toEqual(decodeSlowly(text));
        const around = Buffer.from(`<${text}>`);
        const inPlace = decodeBase64InPlace(around, 1, around.length - 1);
        expect(inPlace && [...inPlace]).toEqual(decodeSlowly(text));
        if (inPlace === undefined) expect(around.toString()).toBe(`<${text}>`);
      },
    ),
    { numRuns: 2_000 },
  );
});

test.each(["YQ", "YQ=", "YQ===", "YR==", "YWJ=", "Y-==", "_w==", "YQ==\n", " YQ==", "YQ==YQ==", "=", "====", "!"])(
  "%j, which Node itself decodes, is refused",
  (text) => {
    verifies("01 W-28", "01 B-11");
    expect(decodeBase64(text)).toBeUndefined();
  },
);

test("all bytes come back from the text that they were encoded to", () => {
  verifies("01 W-28");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(decodeBase64(encodeBase64(bytes))).toEqual(Buffer.from(bytes));
    }),
  );
});
