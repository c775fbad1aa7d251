import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor } from "./confined-executor.ts";

interface Line {
  readonly dir: "c" | "s" | "note";
  readonly msg: {
    readonly id?: number;
    readonly method?: string;
    readonly params?: object;
    readonly result?: Readonly<Record<string, unknown>>;
    readonly error?: { readonly code: number; readonly message: string };
  };
}

/** What differs from run to run, and the birth time, which the reference does not tell (04 F-26). */
const varying = ["createdAtMs", "modifiedAtMs", "size"];

test("the file operations with which the reference's orchestrator applied a patch come to the same (04 F-51, F-55)", async () => {
  verifies("04 F-51", "04 F-55", "04 F-57");
  const root = mkdtempSync("/var/tmp/proctor-patch-");
  mkdirSync(join(root, "w"));
  mkdirSync(join(root, "out"));
  const text = readFileSync(join(import.meta.dirname, "patch-recording.jsonl"), "utf8")
    .replaceAll("/tmp/fx", root)
    .replaceAll("file:///srv", `file://${root}/out`);
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line); // as it was recorded
  await using executor = await ConfinedExecutor.start();
  let seen = 0;
  for (const { dir, msg } of lines) {
    if (dir !== "c" || msg.method?.startsWith("fs/") !== true) continue;
    if (!JSON.stringify(msg.params).includes(`"path":"file://${root}`)) continue; // what lies above is this machine's
    const recorded = lines.find((line) => line.dir === "s" && line.msg.id === msg.id)?.msg;
    const answer = await executor.peer.answer(msg.method, msg.params);
    seen += 1;
    if ("error" in answer) {
      expect({ code: answer.error.rpcCode, message: answer.error.message }, `request ${msg.id}`).toEqual(
        recorded?.error,
      );
    } else {
      expect(steady(answer.result), `request ${msg.id}`).toEqual(steady(recorded?.result ?? {}));
    }
  }
  expect(seen).toBeGreaterThan(10);
  expect(readFileSync(join(root, "w/n.txt"), "utf8")).toBe("x\n");
  expect(readFileSync(join(root, "out/out.txt"), "utf8")).toBe("x\n");
  expect(readdirSync(join(root, "w"))).toEqual(["n.txt"]);
  rmSync(root, { recursive: true });
});

function steady(result: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(result).filter(([name]) => !varying.includes(name)));
}
