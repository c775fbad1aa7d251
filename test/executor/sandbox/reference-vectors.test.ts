import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withReference } from "../../client/suite/reference.ts";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor, usersHere } from "./confined-executor.ts";
import { tryVector, vectors } from "./vectors.ts";

/** The cases tell where the reference does otherwise; it must, or they have become wrong about it. */
await withReference(() => {
  describe.each(usersHere)("the reference $name", ({ uid }) => {
    let reference: ConfinedExecutor;
    beforeAll(async () => {
      reference = await ConfinedExecutor.served("reference", uid);
    });
    afterAll(() => reference[Symbol.asyncDispose]());
    const kind = uid === undefined && process.getuid?.() === 0 ? "uid0" : "user";

    test.each(vectors)("$id $title", async (vector) => {
      verifies("05 SB-V10");
      const { result, detail, faults } = await tryVector(vector, reference, uid);
      const differs = vector.reference?.differsAs.includes(kind) === true;
      expect(result === vector.expected && faults.length === 0, `${result}: ${detail}; ${faults.join(", ")}`).toBe(
        !differs,
      );
    });
  });
});
