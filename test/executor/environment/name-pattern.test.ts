import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesPattern } from "../../../src/executor/environment/name-pattern.ts";
import { verifies } from "../../rules/verifies.ts";

test.each([
  ["PATH", "PATH", true],
  ["PATH", "path", true],
  ["ÀÉ", "àé", true],
  ["PATH", "PAT", false],
  ["PATH", "*", true],
  ["PATH", "**", true],
  ["", "*", true],
  ["", "", true],
  ["PATH", "", false],
  ["MY_API_KEY", "*KEY*", true],
  ["MONKEY", "*key*", true],
  ["AB", "A?B", false],
  ["A😀B", "A?B", true],
  ["A.B", "A.B", true],
  ["AxB", "A.B", false],
  ["A[B]", "A[B]", true],
  ["AB", "A[B]", false],
  ["A\\B", "A\\B", true],
  ["aXbXc", "a*b*c", true],
  ["aXbXcd", "a*b*c", false],
  ["aab", "a*ab", true],
  ["abcabd", "*abd", true],
])("%j against %j: %s", (name, pattern, expected) => {
  verifies("02 P-18");
  expect(matchesPattern(name, pattern)).toBe(expected);
});

test("it agrees with a regular expression on everything short", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "B", "b", "*", "?", ".", "["), maxLength: 7 });
  fc.assert(
    fc.property(text, text, (name, pattern) => {
      const source = pattern
        .replace(/[.[\]\\^$+(){}|]/g, "\\$&")
        .replaceAll("*", ".*")
        .replaceAll("?", ".");
      expect(matchesPattern(name, pattern)).toBe(new RegExp(`^${source}$`, "isu").test(name));
    }),
    { numRuns: 2_000 },
  );
});

test("a hostile pattern takes no longer than name times pattern", () => {
  expect(matchesPattern("a".repeat(5_000), `${"*a".repeat(200)}b`)).toBe(false);
});
