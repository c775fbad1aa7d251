/** What a filter sees of a system call. */
export interface CallSeen {
  readonly arch: number;
  readonly nr: number;
  readonly args: readonly bigint[];
}

/** Runs a filter as the kernel would, and returns what it returns. Knows the six codes that filters of ours have. */
export function runFilter(program: Buffer, call: CallSeen): number {
  const word = (offset: number): number => {
    if (offset === 0) return call.nr >>> 0;
    if (offset === 4) return call.arch >>> 0;
    const argument = call.args[Math.floor((offset - 16) / 8)] ?? 0n;
    return Number(((offset - 16) % 8 === 0 ? argument : argument >> 32n) & 0xffffffffn);
  };
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const code = program.readUInt16LE(at);
    const operand = program.readUInt32LE(at + 4);
    const jumpIf = (condition: boolean) => {
      at += 8 * program.readUInt8(at + (condition ? 2 : 3));
    };
    if (code === 0x20) accumulator = word(operand);
    else if (code === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (code === 0x15) jumpIf(accumulator === operand);
    else if (code === 0x35) jumpIf(accumulator >= operand);
    else if (code === 0x05) at += 8 * operand;
    else if (code === 0x06) return operand;
    else throw new Error(`unknown code ${code.toString(16)}`);
  }
  throw new Error("the filter ends without an answer");
}
