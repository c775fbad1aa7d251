/** The answer for a process that ended with this code, having printed this since the last answer. */
export function ended(exitCode: number, text: string): string {
  return answer(`Process exited with code ${exitCode}`, text);
}

/** The answer for a process that is still running. */
export function running(text: string): string {
  return answer("Process running with session ID <session 1>", text);
}

function answer(state: string, text: string): string {
  const tokens = tokenCount(Buffer.byteLength(text));
  return `Chunk ID: <chunk>\nWall time: <seconds> seconds\n${state}\nOriginal token count: ${tokens}\nOutput:\n${shortened(text)}`;
}

const tokenCount = (bytes: number) => Math.ceil(bytes / 4);

/** What is kept of an ASCII text that is too long for the model (08 UX-9). */
function shortened(text: string): string {
  const keptBytes = 40_000;
  if (text.length <= keptBytes) return text;
  const lines = text.endsWith("\n") ? text.split("\n").length - 1 : text.split("\n").length;
  const left = `Warning: truncated output (original token count: ${tokenCount(text.length)})\nTotal output lines: ${lines}\n\n`;
  const gap = `…${tokenCount(text.length - keptBytes)} tokens truncated…`;
  return left + text.slice(0, keptBytes / 2) + gap + text.slice(-keptBytes / 2);
}

/** The answer for a patch that exec_command recognised. */
export const patched = (...changes: readonly string[]) =>
  `Wall time: <seconds> seconds\nOutput:\n${patchedByTool(...changes)}`;

/** The answer of the apply_patch tool. */
export const patchedByTool = (...changes: readonly string[]) =>
  `Exit code: 0\nWall time: <seconds> seconds\nOutput:\nSuccess. Updated the following files:\n${changes.join("\n")}\n`;

/** The answer for a command that the executor did not start: the code and text of its error, as the CLI quotes them. */
export function refused(commandLine: string, error: string): string {
  return `exec_command failed for \`${commandLine}\`: CreateProcess { message: "Rejected(\\"Failed to create unified exec process: exec-server rejected request ${error}\\")" }`;
}

/** The answer for a process whose end was reported before. */
export const unknownSession = "write_stdin failed: Unknown process id <session 1>";
