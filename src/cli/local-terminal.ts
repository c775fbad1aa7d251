/** How large the local terminal is, or `null` when the output does not go to one. */
export function localTerminalSize(): { readonly rows: number; readonly columns: number } | null {
  const { isTTY, rows, columns } = process.stdout;
  // A terminal that was never told its size says 0.
  return isTTY && rows > 0 && columns > 0 ? { rows, columns } : null;
}

/**
 * Passes every key on as it is typed, Ctrl-C included, until it is disposed of. Without a local terminal this does nothing.
 * Node itself restores the terminal should the program end without the disposal.
 */
export function rawInput(): Disposable {
  const { stdin } = process;
  if (!stdin.isTTY) return { [Symbol.dispose]: () => undefined };
  stdin.setRawMode(true);
  return { [Symbol.dispose]: () => void stdin.setRawMode(false) };
}
