import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa, type Options, type ResultPromise } from "execa";

/** The program of the `proctor` command, as it stands in the source tree. */
export const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

const common = { reject: false, stripFinalNewline: false } as const;

/** A running `proctor` with its pipes; disposing of it kills it. */
export type RunningCommand = ResultPromise<typeof common> & AsyncDisposable;

/** Runs the real command as a child. Its result tells how it ended, whatever that was. */
export function proctor(args: readonly string[], options: Options = {}): RunningCommand {
  const running = execa(process.execPath, [program, ...args], { ...options, ...common });
  const stop = async () => {
    running.kill("SIGKILL");
    await running;
  };
  // The caller's options add only what goes in and which environment there is.
  return Object.assign(running, { [Symbol.asyncDispose]: stop }) as RunningCommand;
}

/** Resolves with everything printed so far once it matches; rejects when the output ends first. */
export async function printed(stream: NodeJS.ReadableStream | null, pattern: RegExp): Promise<string> {
  let text = "";
  if (stream === null) throw new Error("this output is not a pipe");
  return new Promise((resolve, reject) => {
    stream.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      if (pattern.test(text)) resolve(text);
    });
    stream.on("end", () => reject(new Error(`ended without ${pattern}: ${JSON.stringify(text)}`)));
  });
}

/** Does such a process run? One that nobody has collected yet does not. Linux only, as the name of its state is. */
export function isAlive(pid: number): boolean {
  try {
    // pid (name) state ...: the name can hold anything, so look behind the last parenthesis.
    const state = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.[0];
    return state !== "Z" && state !== "X";
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return false;
    throw error;
  }
}
