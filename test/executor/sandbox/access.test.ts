import fc from "fast-check";
import { expect, test } from "vitest";
import { accessTo } from "../../../src/executor/sandbox/access.ts";
import type { Access, BoundEntry } from "../../../src/ports/confinement.ts";
import { verifies } from "../../rules/verifies.ts";

const place = fc.array(fc.constantFrom("a", "b", "ab"), { maxLength: 4 }).map((names) => `/${names.join("/")}`);
const entry = fc.record({ path: place, access: fc.constantFrom<Access>("read", "write", "deny") });
const entries = fc.array(entry, { maxLength: 6 });

const namesOf = (path: string) => path.split("/").filter((name) => name !== "");

/** The rule as it is written: the most components; of equals deny, then write, then read. */
function expected(path: string, all: readonly BoundEntry[]): Access {
  const covering = all.filter((one) => namesOf(one.path).every((name, index) => namesOf(path)[index] === name));
  const deepest = Math.max(...covering.map((one) => namesOf(one.path).length));
  const said = new Set(covering.filter((one) => namesOf(one.path).length === deepest).map(({ access }) => access));
  return (["deny", "write", "read"] as const).find((access) => said.has(access)) ?? "deny";
}

test("the deepest entry decides, and of equals deny before write before read, in whatever order", () => {
  verifies("05 SB-A2", "05 SB-B9");
  fc.assert(
    fc.property(place, entries, (path, all) => {
      expect(accessTo(path, all)).toBe(expected(path, all));
      expect(accessTo(path, [...all].reverse())).toBe(expected(path, all));
    }),
  );
});
