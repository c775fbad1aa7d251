import { accessSync, constants, realpathSync } from "node:fs";
import type { Clock } from "../../ports/clock.ts";
import type { Confinement } from "../../ports/confinement.ts";
import { type Child, type ChildListener, type ChildSpec, SandboxRefusedError } from "../../ports/process-host.ts";
import { ConfinedChild, ConfinedEnd, type EnclosedStart, type Enclosure } from "./confined-child.ts";
import type { FileView } from "./file-view.ts";
import { seatbeltArguments, seatbeltPolicy } from "./seatbelt.ts";

/** What a start on macOS needs besides the program. */
export interface SeatbeltMeans {
  readonly launcher: string;
  readonly view: FileView;
  readonly clock: Clock;
}

/**
 * Starts a program in its confinement on macOS (05 section 14). The launcher becomes the program, in the same process: signals
 * and exits are the program's own. What the loader is told by variables the system takes from a launcher of its own.
 * @throws SandboxRefusedError when the confinement cannot be enforced; SpawnError when the OS refuses
 */
export async function startInSeatbelt(
  spec: ChildSpec,
  confinement: Confinement,
  { launcher, view, clock }: SeatbeltMeans,
  listener: ChildListener,
  start: EnclosedStart,
): Promise<Child> {
  if (spec.arg0 !== null && spec.arg0 !== spec.argv[0]) {
    throw new SandboxRefusedError("arg0 cannot be set in a sandbox on macOS");
  }
  try {
    accessSync(launcher, constants.X_OK);
  } catch (cause) {
    throw new SandboxRefusedError(`sandbox intent cannot be enforced on this executor: ${launcher} cannot be used`, {
      cause,
    });
  }
  const argv = seatbeltArguments(launcher, seatbeltPolicy(confinement, view), spec.argv);
  const onTerminal = spec.stdin === "pty";
  const status = { childPid: null, hasRun: true, close: () => undefined };
  const enclosure: Enclosure = { status, newSession: false, onTerminal, countsUsage: true, end: () => [] };
  const end = new ConfinedEnd(enclosure, listener, clock);
  const order = { ...spec, argv, arg0: null, cwd: realpathSync.native(spec.cwd) };
  return new ConfinedChild(await start({ file: launcher, spec: order, inherited: [] }, end), enclosure, end);
}
