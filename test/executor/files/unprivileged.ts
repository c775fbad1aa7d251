import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Answer, FileMethod } from "./file-calls.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("unprivileged-main.ts", import.meta.url));

/** The user that calls run as when the suite runs as root, who is never refused anything. */
export const unprivilegedId = process.getuid?.() === 0 ? 65_534 : (process.getuid?.() ?? 65_534);

/** Makes the calls one after another in a process of an ordinary user. */
export async function callsUnprivileged(...calls: readonly (readonly [FileMethod, object])[]): Promise<Answer[]> {
  const { stdout } = await run(process.execPath, [program, String(unprivilegedId), JSON.stringify(calls)]);
  return JSON.parse(stdout);
}
