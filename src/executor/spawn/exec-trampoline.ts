/** What the trampoline is to turn into; read as JSON from descriptor 3. */
export interface TrampolineOrder {
  /** The program: a path with a slash. */
  readonly file: string;
  /** What it sees, `argv[0]` first. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The terminal to take as controlling terminal. */
  readonly terminal: string;
}

/**
 * A Node program that becomes another one, for what no launcher of the system can do: choose `argv[0]` on a terminal, or take a
 * terminal at all where there is no `setsid`. It costs 40 ms, so only the rare start takes this way.
 *
 * It must lead a session of its own: opening a terminal then makes it the controlling one. Node ignores two signals,
 * and ignored signals stay ignored across `exec`; caught ones go back to their default. Should the kernel refuse the program
 * after all (the search came before), Node's own text appears on the terminal and it aborts.
 */
export const trampolineSource = `
const fs = require("node:fs");
const { file, argv, env, terminal } = JSON.parse(fs.readFileSync(3, "utf8"));
fs.closeSync(3);
fs.closeSync(fs.openSync(terminal, "r+"));
process.on("SIGPIPE", () => {});
process.on("SIGXFSZ", () => {});
process.execve(file, argv, env);
`;
