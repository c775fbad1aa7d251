import { type Clock, systemClock } from "../../ports/clock.ts";
import type { Confinement } from "../../ports/confinement.ts";
import type { FileHelperHost } from "../../ports/file-helper-host.ts";
import {
  type Child,
  type ChildListener,
  type ChildSpec,
  type ProcessFamily,
  type ProcessHost,
  SandboxRefusedError,
} from "../../ports/process-host.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import type { EnclosedStart } from "../sandbox/confined-child.ts";
import { fileHelperHost } from "../sandbox/file-helper-host.ts";
import { type PlannedView, Sandbox, type SandboxOptions } from "../sandbox/sandbox.ts";
import { DescriptorShield } from "./descriptor-shield.ts";
import { EscapeeHunt } from "./escapee-hunt.ts";
import type { HostMeans, TerminalLauncher } from "./host-means.ts";
import { type Libc, loadLibc } from "./libc.ts";
import { OrphanGuard } from "./orphan-guard.ts";
import { asSpawnError } from "./os-error.ts";
import { startPipeChild } from "./pipe-child.ts";
import { closePipe, PipePool } from "./pipe-pool.ts";
import { FamilyMarks, hostMarks, MarkRange } from "./process-mark.ts";
import { lookUpProgram } from "./program-lookup.ts";
import { startPtyChild, withShell } from "./pty-child.ts";
import { findTerminalLauncher } from "./terminal-launcher.ts";

/** What the host does with besides the operating system; all of it has a default. */
export interface PosixProcessHostOptions {
  /** Counts the waits of a terminal that takes no more input. */
  readonly clock?: Clock;
  /** Tells the children of this host from those of others. */
  readonly random?: Random;
  /** What starts and reaps children; `null`: Node does. */
  readonly libc?: Libc | null;
  /** Where pipes get their short-lived names, if `mkfifo` makes them. */
  readonly pipeDirectories?: readonly string[];
  /** What puts a program on a terminal that Node starts; `null`: nothing of the system is used. */
  readonly terminalLauncher?: TerminalLauncher | null;
  /** How programs are confined. */
  readonly sandbox?: SandboxOptions;
}

/** Starts children on this machine, Linux or macOS. */
export interface PosixProcessHost extends ProcessHost, Disposable {
  /** Starts what does file operations in a sandbox. */
  readonly fileHelpers: FileHelperHost;
  /** What this machine does not offer, each in a sentence; known after the first start. */
  readonly limitations: readonly string[];
  /** Removes what a host that was killed has left in the files (05 SB-L13). */
  recover(): void;
  /** Closes what is held in reserve for children to come. Children that run are not touched. */
  [Symbol.dispose](): void;
}

/** Starts a child; a program of our own in a view that was planned before. */
export type PlannedSpawn = (spec: ChildSpec, listener: ChildListener, planned?: PlannedView) => Promise<Child>;

/**
 * Starts children on this machine, as 02 describes them: found by their own environment's `PATH`, with that environment
 * and descriptors 0, 1 and 2 only, each leading a session of its own, on real pipes or on a terminal.
 *
 * Not done, since nothing runs in a child before its program: a parent-death signal (02 P-9). A guard does better: it kills all
 * descendants of a host that is killed. Where Node starts the children there is none, and a death by a real-time signal looks to us
 * like an exit with 0.
 */
export function posixProcessHost(options: PosixProcessHostOptions = {}): PosixProcessHost {
  const {
    clock = systemClock,
    libc = loadLibc(),
    pipeDirectories,
    random = systemRandom,
    terminalLauncher = findTerminalLauncher(),
  } = options;
  const shield = new DescriptorShield();
  const pool = new PipePool(libc, shield, pipeDirectories);
  const means: HostMeans = { libc, shield, pool, clock, terminalLauncher };

  const sandbox = new Sandbox(clock, options.sandbox);
  const hunt = libc === null ? null : new EscapeeHunt();
  const number = BigInt(`0x${random.uuid().slice(0, 7)}`) % hostMarks;
  const guard = libc === null ? null : new OrphanGuard(MarkRange.ofHost(number), shield);
  let families = 0n;

  function family(): Pick<ProcessFamily, "end"> & { readonly spawn: PlannedSpawn } {
    const marks = new FamilyMarks(number, families++);
    return {
      async spawn(wanted: ChildSpec, listener: ChildListener, planned?: PlannedView) {
        const isPty = wanted.stdin === "pty";
        const spec = isPty ? withShell(wanted) : wanted;
        const file = lookUpProgram(spec);
        const mark = marks.next();
        const killEscaped = () => void hunt?.kill(MarkRange.ofChild(mark));
        const start = isPty ? startPtyChild : startPipeChild;
        try {
          const child =
            spec.confinement === undefined
              ? await start(spec, file, listener, means, { mark, killEscaped, inherited: [] })
              : await confine(
                  spec,
                  spec.confinement,
                  listener,
                  (order, end) =>
                    start(order.spec, order.file, end, means, { mark, killEscaped, inherited: order.inherited }),
                  planned,
                );
          guard?.watch();
          return child;
        } catch (error) {
          throw asSpawnError(error);
        }
      },
      async end() {
        if (marks.range !== null) await hunt?.kill(marks.range);
      },
    };
  }

  async function confine(
    spec: ChildSpec,
    to: Confinement,
    listener: ChildListener,
    start: EnclosedStart,
    planned: PlannedView | undefined,
  ) {
    const takePipe = async () => {
      const [pipe] = (await pool.take(1)) ?? [];
      if (pipe !== undefined && (libc !== null || spec.stdin !== "pty")) return pipe;
      if (pipe !== undefined) closePipe(pipe);
      throw new SandboxRefusedError(
        "sandbox intent cannot be enforced on this executor: it needs the C library; reinstall with optional dependencies",
      );
    };
    return sandbox.start(spec, to, takePipe, listener, start, planned);
  }

  return {
    spawn: family().spawn,
    family,
    fileHelpers: fileHelperHost(sandbox, family().spawn),
    get limitations() {
      const noLauncher = "no setsid: a start on a terminal goes through Node and takes 40 ms longer";
      if (libc !== null) return [];
      const noUsage =
        "no access to the C library: nobody can tell what a process used, and daemons survive their session";
      return [noUsage, pool.limitation, terminalLauncher === null ? noLauncher : null].filter((text) => text !== null);
    },
    recover: () => sandbox.recover(),
    [Symbol.dispose]() {
      sandbox[Symbol.dispose]();
      guard?.[Symbol.dispose]();
      pool[Symbol.dispose]();
      shield[Symbol.dispose]();
    },
  };
}
