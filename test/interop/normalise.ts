import type { Told, ToolOutput } from "./scripted-model.ts";

/**
 * Replaces what differs from run to run by nature, and nothing more:
 *
 * - the chunk id, six random hex digits, becomes `<chunk>`;
 * - wall times, with four decimals for commands and at most one for patches, become `<seconds>`;
 * - session numbers, random in 1000…99999, become `<session 1>`, `<session 2>` in the order of their first appearance,
 *   in later error texts too;
 * - lines that start with `err:` move behind the other lines of their output, since stdout and stderr are two pipes;
 * - the day in the environment context becomes `<today>`, since midnight can fall between two turns.
 */
export function normalise(told: Told): Told {
  const outputs = told.outputs.map(({ callId, output }) => ({
    callId,
    output: typeof output === "string" ? stderrLast(withoutChance(output)) : output,
  }));
  return { ...told, outputs: withoutSessionNumbers(outputs), prompt: told.prompt.map(withoutDay) };
}

function withoutChance(output: string): string {
  const [head, text] = cutAfter(output, "\nOutput:\n");
  const steadyHead = head.replace(/^Chunk ID: [0-9a-f]{6}$/m, "Chunk ID: <chunk>").replace(wallTime, steadyWallTime);
  // A patch given to exec_command carries its own head inside.
  return steadyHead + text.replace(/(?<=^Exit code: \d+\n)Wall time: \d+(\.\d)? seconds$/m, steadyWallTime);
}

const wallTime = /^Wall time: \d+(\.\d{1,4})? seconds$/m;
const steadyWallTime = "Wall time: <seconds> seconds";

function stderrLast(output: string): string {
  const [head, text] = cutAfter(output, "\nOutput:\n");
  const lines = text.split(/(?<=\n)/);
  const isError = (line: string) => line.startsWith("err:");
  return head + [...lines.filter((line) => !isError(line)), ...lines.filter(isError)].join("");
}

function withoutSessionNumbers(outputs: readonly ToolOutput[]): readonly ToolOutput[] {
  const numbers = new Map<string, string>();
  const named = (before: string, number: string) => {
    const name = numbers.get(number) ?? `<session ${numbers.size + 1}>`;
    numbers.set(number, name);
    return before + name;
  };
  return outputs.map(({ callId, output }) => ({
    callId,
    output:
      typeof output !== "string"
        ? output
        : output
            .replace(/^(Process running with session ID )(\d+)$/m, (_, before, number) => named(before, number))
            .replace(/^(write_stdin failed: Unknown process id )(\d+)$/, (_, before, number) => named(before, number)),
  }));
}

function withoutDay<Message extends Told["prompt"][number]>(message: Message): Message {
  return {
    ...message,
    content: message.content.map((part) =>
      "text" in part
        ? { ...part, text: part.text.replace(/<current_date>[\d-]{10}</, "<current_date><today><") }
        : part,
    ),
  };
}

/** Splits behind the first `mark`; without one, all is head. */
function cutAfter(whole: string, mark: string): readonly [head: string, text: string] {
  const at = whole.indexOf(mark);
  return at < 0 ? [whole, ""] : [whole.slice(0, at + mark.length), whole.slice(at + mark.length)];
}
