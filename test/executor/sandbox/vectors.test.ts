import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor, usersHere } from "./confined-executor.ts";
import { asProgram, onlyAsFiles, tryVector, vectors } from "./vectors.ts";

describe.each(usersHere)("$name", ({ uid }) => {
  let executor: ConfinedExecutor;
  beforeAll(async () => {
    executor = await ConfinedExecutor.start(uid);
  });
  afterAll(() => executor[Symbol.asyncDispose]());

  const programs = vectors.filter(({ id }) => !(id in onlyAsFiles)).map(asProgram);
  test.each(programs)("$id by a program: $title", async (vector) => {
    verifies(
      "05 SB-A2",
      "05 SB-L1",
      "05 SB-L2",
      "05 SB-L5",
      "05 SB-L7",
      "05 SB-L8",
      "05 SB-L9",
      "05 SB-L10",
      "05 SB-L14",
    );
    verifies(
      "05 SB-M1",
      "05 SB-M2",
      "05 SB-M3",
      "05 SB-M4",
      "05 SB-M5",
      "05 SB-M6",
      "05 SB-S1",
      "05 SB-S2",
      "05 SB-X1",
    );
    verifies("05 SB-U1", "05 SB-U2", "05 SB-N3", "05 SB-V1");
    const { result, detail, faults } = await tryVector(vector, executor, uid);
    expect(result, detail).toBe(vector.expected);
    expect(faults, detail).toEqual([]);
  });

  const files = vectors.filter(({ operation }) => operation.type === "fs");
  test.each(files)("$id by a file operation: $title", async (vector) => {
    verifies("04 F-51", "04 F-54", "05 SB-F1", "05 SB-F2", "05 SB-F5", "05 SB-B2", "05 SB-B10", "05 SB-N4");
    const { result, detail, faults } = await tryVector(vector, executor, uid);
    expect(result, detail).toBe(vector.expected);
    expect(faults, detail).toEqual([]);
  });
});

test("every case runs, by a program or by a file operation", () => {
  expect(vectors).toHaveLength(144);
  const byFiles = vectors.filter(({ operation }) => operation.type === "fs").map(({ id }) => id);
  expect(Object.keys(onlyAsFiles).filter((id) => !byFiles.includes(id))).toEqual([]);
});
