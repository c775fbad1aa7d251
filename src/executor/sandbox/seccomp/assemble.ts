/** What the kernel's filter machine can do, as far as we need it. Targets are labels further down (05 SB-S5). */
export type Instruction =
  | { readonly op: "load"; readonly offset: number }
  | { readonly op: "and"; readonly mask: number }
  | { readonly op: "equal" | "atLeast"; readonly value: number; readonly jump: string; readonly otherwise?: string }
  | { readonly op: "return"; readonly action: number }
  | { readonly op: "label"; readonly name: string };

const codes = { load: 0x20, and: 0x54, equal: 0x15, atLeast: 0x35, return: 0x06 } as const;
const recordBytes = 8;
const longestJump = 255;

/**
 * Lays a filter out as the kernel reads it: records of 8 bytes, little-endian, jumps counted from the next one (05 section 9.2).
 * A comparison without `otherwise` goes on with the next record when it fails.
 * @throws RangeError for a target that is unknown, lies above, or is too far
 */
export function assemble(instructions: readonly Instruction[]): Buffer {
  const labels = new Map<string, number>();
  const records = instructions.filter((instruction) => instruction.op !== "label");
  let at = 0;
  for (const instruction of instructions) {
    if (instruction.op === "label") labels.set(instruction.name, at);
    else at += 1;
  }
  const distanceTo = (from: number, label: string | undefined): number => {
    if (label === undefined) return 0;
    const target = labels.get(label);
    const distance = (target ?? -1) - from - 1;
    if (distance < 0 || distance > longestJump) throw new RangeError(`no jump from record ${from} to ${label}`);
    return distance;
  };
  const program = Buffer.alloc(records.length * recordBytes);
  records.forEach((instruction, index) => {
    const start = index * recordBytes;
    program.writeUInt16LE(codes[instruction.op], start);
    if (instruction.op === "equal" || instruction.op === "atLeast") {
      program.writeUInt8(distanceTo(index, instruction.jump), start + 2);
      program.writeUInt8(distanceTo(index, instruction.otherwise), start + 3);
    }
    program.writeUInt32LE(operand(instruction), start + 4);
  });
  return program;
}

function operand(instruction: Exclude<Instruction, { op: "label" }>): number {
  switch (instruction.op) {
    case "load":
      return instruction.offset;
    case "and":
      return instruction.mask;
    case "return":
      return instruction.action;
    case "equal":
    case "atLeast":
      return instruction.value;
  }
}
