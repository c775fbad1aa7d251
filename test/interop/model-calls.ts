import type { Step, ToolCall, ToolOutput } from "./scripted-model.ts";

/** How long a command is given to reach the point where it waits for something. */
export const settleMs = 1_200;
/** Longer than anything here takes: such a wait ends with the process. */
const untilClosedMs = 20_000;

/** Runs a command to its end. */
export function exec(cmd: string, more: Readonly<Record<string, unknown>> = {}): ToolCall {
  return { name: "exec_command", arguments: { cmd, yield_time_ms: untilClosedMs, ...more } };
}

/** Starts a command that goes on running: the answer comes before its end. */
export function start(cmd: string, more: Readonly<Record<string, unknown>> = {}): readonly ToolCall[] {
  return [exec(cmd, { yield_time_ms: settleMs, ...more })];
}

/** Types into the process that `start` started; with `""` it only waits. */
export function type(chars: string, waitMs = untilClosedMs): Step {
  return (told) => [
    { name: "write_stdin", arguments: { session_id: sessionNumber(told), chars, yield_time_ms: waitMs } },
  ];
}

function sessionNumber(told: readonly ToolOutput[]): number {
  for (const { output } of told) {
    const match = typeof output === "string" && /^Process running with session ID (\d+)$/m.exec(output);
    if (match) return Number(match[1]);
  }
  throw new Error(`no process was left running: ${JSON.stringify(told)}`);
}

/** The text of a patch with these hunks. */
export function patch(...lines: readonly string[]): string {
  return ["*** Begin Patch", ...lines, "*** End Patch", ""].join("\n");
}
