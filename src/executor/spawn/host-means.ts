import type { Clock } from "../../ports/clock.ts";
import type { DescriptorShield } from "./descriptor-shield.ts";
import type { Libc } from "./libc.ts";
import type { PipePool } from "./pipe-pool.ts";
import type { ProcessMark } from "./process-mark.ts";

/** A program of the system that makes its stdin the controlling terminal and becomes its arguments. */
export interface TerminalLauncher {
  readonly file: string;
  /** Its own arguments, `argv[0]` first, before those of the program. */
  readonly argv: readonly string[];
  /** Must it be given a session of its own, or does it make one? */
  readonly ownSession: boolean;
}

/** How the descendants of one child are known, wherever they are. */
export interface Kinship {
  readonly mark: ProcessMark;
  /** Kills them, soon. */
  readonly killEscaped: () => void;
}

/** What a start is given besides the program itself. */
export interface StartTerms extends Kinship {
  /** Descriptors above 2 that the child gets under their own numbers. */
  readonly inherited: readonly number[];
}

/** What one host starts its children with. */
export interface HostMeans {
  /** `null`: children are started by Node. */
  readonly libc: Libc | null;
  readonly shield: DescriptorShield;
  readonly pool: PipePool;
  readonly clock: Clock;
  /** What puts a program on a terminal where Node starts it; `null`: nothing of the system does. */
  readonly terminalLauncher: TerminalLauncher | null;
}
