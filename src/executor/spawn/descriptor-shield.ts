import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { errnoName } from "./os-error.ts";

/** What a child gets as one of its descriptors: ours by number, a socket that Node makes, or nothing. */
export type ChildDescriptor = number | "pipe" | "ignore";

/** What a child gets as its descriptors 0, 1, 2 and on. */
export type ChildDescriptors = readonly [ChildDescriptor, ChildDescriptor, ChildDescriptor, ...ChildDescriptor[]];

const closeOnExec = 0o2000000;

/**
 * Keeps our descriptors out of the children (02 P-9: 0, 1 and 2 only). All that Node opens closes itself on `exec`, but two
 * kinds do not: what this program inherited from its own parent, and terminals, which native code opens. Node cannot
 * change that, so a child that Node starts gets `/dev/null` in their place, and one that the C library starts closes them. That matters: a child with the master of somebody
 * else's terminal could type into it, and would keep it open. macOS closes everything by itself.
 */
export class DescriptorShield implements Disposable {
  readonly #needed: boolean;
  readonly #hidden: Set<number>;
  #devNull: number | null = null;

  constructor(platform: NodeJS.Platform = process.platform) {
    this.#needed = platform === "linux";
    this.#hidden = new Set(this.#needed ? inheritedDescriptors() : []);
  }

  /** What no child may get. */
  get hidden(): Iterable<number> {
    return this.#hidden;
  }

  /** From now on no child gets this descriptor. */
  hide(fd: number): void {
    if (this.#needed) this.#hidden.add(fd);
  }

  /** The descriptor is closed. */
  forget(fd: number): void {
    this.#hidden.delete(fd);
  }

  /** The child's descriptors from 0 on: those given, and nothing of ours behind them. */
  cover(descriptors: ChildDescriptors): ChildDescriptors {
    const covered: [ChildDescriptor, ChildDescriptor, ChildDescriptor, ...ChildDescriptor[]] = [...descriptors];
    for (const fd of this.#hidden) {
      if (fd < descriptors.length) continue; // replaced anyway
      while (covered.length < fd) covered.push("ignore");
      this.#devNull ??= openSync("/dev/null", "r");
      covered[fd] = this.#devNull;
    }
    return covered;
  }

  [Symbol.dispose](): void {
    if (this.#devNull !== null) closeSync(this.#devNull);
    this.#devNull = null;
  }
}

function inheritedDescriptors(): number[] {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd > 2 && survivesExec(fd));
}

function survivesExec(fd: number): boolean {
  let info: string;
  try {
    info = readFileSync(`/proc/self/fdinfo/${fd}`, "latin1");
  } catch (error) {
    if (errnoName(error) === "ENOENT") return false; // the descriptor through which the directory was read
    throw error;
  }
  const flags = /^flags:\s*([0-7]+)$/m.exec(info)?.[1] ?? "0";
  return (Number.parseInt(flags, 8) & closeOnExec) === 0;
}
