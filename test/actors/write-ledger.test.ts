import fc from "fast-check";
import { expect, it } from "vitest";
import { mostRememberedWriteIds, rememberedWriteIds, WriteLedger } from "../../src/actors/write-ledger.ts";
import { verifies } from "../rules/verifies.ts";

const fill = (ledger: WriteLedger, from: number, to: number) => {
  for (let id = from; id < to; id += 1) ledger.remember(String(id));
};

it("remembers the newest 4096 ids across connections, first in first out; a repetition does not refresh (02 P-46)", () => {
  verifies("02 P-46");
  const ledger = new WriteLedger();
  fill(ledger, 0, rememberedWriteIds);
  ledger.attached();
  ledger.attached();
  expect(ledger.has("0")).toBe(true);
  ledger.remember("next");
  expect([ledger.has("0"), ledger.has("1"), ledger.has("next")]).toEqual([false, true, true]);
});

it("forgets no id of the present connection, nor of the one before, however many there are (03 D-11)", () => {
  verifies("03 D-11");
  const ledger = new WriteLedger();
  fill(ledger, 0, 10_000);
  ledger.attached(); // the connection was lost: what it carried may come again
  fill(ledger, 10_000, 20_000);
  expect(ledger.has("0")).toBe(true);
  ledger.attached();
  expect([ledger.has("9999"), ledger.has("10000")]).toEqual([false, true]);
});

it("remembers no more ids than its bound, whatever the connections carry (03 D-11)", () => {
  verifies("03 D-11");
  const ledger = new WriteLedger();
  fill(ledger, 0, mostRememberedWriteIds);
  expect(ledger.has("0")).toBe(true);
  ledger.remember("next");
  expect([ledger.has("0"), ledger.has("1")]).toEqual([false, true]);
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
