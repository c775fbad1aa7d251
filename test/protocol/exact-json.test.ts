import fc from "fast-check";
import { expect, it } from "vitest";
import { parseExactJson } from "../../src/protocol/exact-json.ts";
import { verifies } from "../rules/verifies.ts";

/** What the parser promises, from the source text of a number. */
const exactly = (source: string): unknown => {
  if (!/^-?\d+$/.test(source)) return Number.NaN;
  return Number.isSafeInteger(Number(source)) ? Number(source) : BigInt(source);
};

const number = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom("1.0", "1e2", "-0.0", "1E+3", "0.1", "12345678901234567890.5", "1e400"),
);

it("a number keeps its digits, or is none at all, wherever it stands (01 W-22, W-27)", () => {
  verifies("01 W-22", "01 W-27");
  const json = (text: string) => text.replace(/^-?0(?=\d)/, "0");
  fc.assert(
    fc.property(number.map(json), fc.constantFrom("", " ", "\n\t"), (source, space) => {
      fc.pre(/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(source));
      const value = exactly(source);
      expect(parseExactJson(`{"id":${space}${source}}`)).toEqual({ id: value });
      expect(parseExactJson(`[${space}${source}${space},${source}]`)).toEqual([value, value]);
    }),
    { numRuns: 2_000 },
  );
});

it("what has no such number is what JSON.parse makes of it, strings that look like one included", () => {
  fc.assert(
    fc.property(
      fc
        .jsonValue()
        .filter((value) => !/[.\d]{2}/.test(JSON.stringify(value)) || !/\d[.eE]|\d{16}/.test(JSON.stringify(value))),
      fc.array(fc.oneof(number, fc.string())),
      (value, texts) => {
        const whole = { value, texts, text: ":1.5,[123456789012345678901" };
        const text = JSON.stringify(whole);
        expect(parseExactJson(text)).toEqual(JSON.parse(text));
      },
    ),
  );
});

it("a member called __proto__ is a member, and changes nothing else", () => {
  for (const text of ['{"__proto__":{"method":"x"},"a":1}', '{"__proto__":{"method":"x"},"a":12345678901234567890}']) {
    const value = parseExactJson(text) as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value.method).toBeUndefined();
    expect(Object.keys(value)).toEqual(["__proto__", "a"]);
  }
  expect({}).not.toHaveProperty("method");
});
