import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor } from "./confined-executor.ts";
import { sandboxFixture } from "./fixture.ts";
import vectors from "./sandbox-vectors.json" with { type: "json" };

interface Vector {
  readonly id: string;
  readonly title: string;
  readonly profile: object;
  readonly context: object;
  readonly operation: { readonly type: string; readonly method: string; readonly params: object };
  readonly expected: string;
  readonly expect?: {
    readonly dataBase64?: string;
    readonly errorCode?: number;
    readonly host?: readonly { readonly path: string; readonly exists?: boolean; readonly content?: string }[];
  };
}

const cases = (vectors.vectors as unknown as readonly Vector[]).filter(({ operation }) => operation.type === "fs");

let executor: ConfinedExecutor;
beforeAll(async () => {
  executor = await ConfinedExecutor.start();
});
afterAll(() => executor[Symbol.asyncDispose]());

test.each(cases)("$id $title", async (vector) => {
  verifies("04 F-51", "04 F-54", "05 SB-F1", "05 SB-F2", "05 SB-F5", "05 SB-B2", "05 SB-B10", "05 SB-N4");
  await using fixture = await sandboxFixture();
  const filled = JSON.parse(fixture.fill(JSON.stringify(vector))) as Vector;
  const { profile, context, operation, expected, expect: wanted = {} } = filled;
  const sandbox = { permissions: profile, windowsSandboxLevel: "disabled", ...context };
  const seen = await executor.peer.answer(operation.method, { ...operation.params, sandbox });

  expect("error" in seen ? "denied" : "allowed", JSON.stringify(seen)).toBe(expected);
  if (wanted.errorCode !== undefined) expect(seen).toMatchObject({ error: { rpcCode: wanted.errorCode } });
  if (wanted.dataBase64 !== undefined) expect(seen).toMatchObject({ result: { dataBase64: wanted.dataBase64 } });
  for (const { path, exists = true, content } of wanted.host ?? []) {
    expect(existsSync(path), path).toBe(exists);
    if (content !== undefined) expect(readFileSync(path, "utf8")).toBe(content);
  }
  const work = join(fixture.root, "w");
  const isClean = () => expect(readdirSync(work).filter((name) => /^\.(git|agents|codex)$/.test(name))).toEqual([]);
  await expect.poll(() => readdirSync(work)).not.toContain(".git");
  isClean();
});
