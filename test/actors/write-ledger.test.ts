import fc from "fast-check";
import { expect, it } from "vitest";
import { rememberedWriteIds, WriteLedger } from "../../src/actors/write-ledger.ts";
import { verifies } from "../rules/verifies.ts";

it("remembers exactly the newest 4096 ids (02 P-46)", () => {
  verifies("02 P-46");
  const ledger = new WriteLedger();
  for (let id = 0; id < rememberedWriteIds; id += 1) ledger.remember(String(id));
  expect(ledger.has("0")).toBe(true);
  ledger.remember("next");
  expect([ledger.has("0"), ledger.has("1"), ledger.has("next")]).toEqual([false, true, true]);
});

it("a repetition does not refresh the age of an id (02 P-46)", () => {
  verifies("02 P-46");
  const ledger = new WriteLedger();
  for (let id = 0; id < rememberedWriteIds; id += 1) ledger.remember(String(id));
  ledger.remember("0");
  ledger.remember("next");
  expect(ledger.has("0")).toBe(false);
});

it("ids of any kind are told apart, also those that mean something to JavaScript", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "constructor", ""))),
      (ids) => {
        const ledger = new WriteLedger();
        for (const id of ids) {
          expect(ledger.has(id)).toBe(false);
          ledger.remember(id);
        }
        for (const id of ids) expect(ledger.has(id)).toBe(true);
      },
    ),
  );
});
