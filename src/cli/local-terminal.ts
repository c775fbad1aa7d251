import { spawnSync } from "node:child_process";

/** How large the local terminal is, or `null` when the output does not go to one. */
export function localTerminalSize(): { readonly rows: number; readonly columns: number } | null {
  const { isTTY, rows, columns } = process.stdout;
  // A terminal that was never told its size says 0.
  return isTTY && rows > 0 && columns > 0 ? { rows, columns } : null;
}

/**
 * Makes the local terminal pass everything on as it is, Ctrl-C included, until it is disposed of; without a local terminal
 * it does nothing. Node itself restores the terminal should the program end without the disposal.
 */
export function rawTerminal(): Disposable {
  const { stdin } = process;
  if (!stdin.isTTY) return { [Symbol.dispose]: () => undefined };
  stdin.setRawMode(true);
  // Node's raw mode goes on writing \r\n for \n, which would tear apart what the remote terminal has laid out already.
  // Leaving raw mode restores this too. Without stty the output is merely less exact.
  spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
  return { [Symbol.dispose]: () => void stdin.setRawMode(false) };
}
