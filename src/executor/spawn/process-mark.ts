import { readLimit } from "./process-table.ts";

/**
 * A number that every descendant of one child bears and nobody else: the soft value of a resource limit without any effect
 * (`RLIMIT_LOCKS`). It is inherited across `fork` and `exec`, is no part of the environment (02 P-16), and survives `env -i`,
 * `setsid` and the death of every ancestor. Whoever changes that limit on purpose is lost from sight.
 *
 * From the top: 27 random bits for the host, 16 for the family, 20 for the child. The 64th is free: shells count to 2^63.
 */
export type ProcessMark = bigint;

/** Hosts that marks can tell apart. */
export const hostMarks = 2n ** 27n;
const familyBits = 16n;
const childBits = 20n;

/** The marks of one child, or of a whole family. */
export class MarkRange {
  readonly #prefix: bigint;
  readonly #shift: bigint;

  private constructor(mark: ProcessMark, shift: bigint) {
    this.#prefix = mark >> shift;
    this.#shift = shift;
  }

  /** Those who bear exactly this mark. */
  static ofChild(mark: ProcessMark): MarkRange {
    return new MarkRange(mark, 0n);
  }

  /** Those whose marks were made by the same {@link FamilyMarks}. */
  static ofFamily(mark: ProcessMark): MarkRange {
    return new MarkRange(mark, childBits);
  }

  /** All that one host has made. */
  static ofHost(host: bigint): MarkRange {
    return new MarkRange(host << (familyBits + childBits), familyBits + childBits);
  }

  get first(): ProcessMark {
    return this.#prefix << this.#shift;
  }

  get last(): ProcessMark {
    return ((this.#prefix + 1n) << this.#shift) - 1n;
  }

  includes(mark: ProcessMark): boolean {
    return mark >> this.#shift === this.#prefix;
  }
}

/** Makes the marks of one family's children; after a million of them the first are given again. */
export class FamilyMarks {
  readonly #first: ProcessMark;
  #made = 0n;

  /** @param host below {@link hostMarks} */
  constructor(host: bigint, family: bigint) {
    this.#first = ((host << familyBits) | BigInt.asUintN(Number(familyBits), family)) << childBits;
  }

  /** Every mark of this family; `null` as long as there is none. */
  get range(): MarkRange | null {
    return this.#made === 0n ? null : MarkRange.ofFamily(this.#first);
  }

  next(): ProcessMark {
    const mark = this.#first | BigInt.asUintN(Number(childBits), this.#made);
    this.#made += 1n;
    return mark;
  }
}

/** The mark that a process bears; `null` for none, `"gone"` where there is no process. */
export function markOf(pid: number): ProcessMark | null | "gone" {
  return readLimit(pid, "Max file locks");
}
