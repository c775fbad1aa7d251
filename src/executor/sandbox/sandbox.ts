import { closeSync, openSync, realpathSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import type { Clock } from "../../ports/clock.ts";
import type { Confinement, FileConfinement } from "../../ports/confinement.ts";
import { type Child, type ChildListener, type ChildSpec, SandboxRefusedError } from "../../ports/process-host.ts";
import type { Pipe } from "../spawn/pipe-pool.ts";
import { StartDescriptors, writeArguments } from "./arguments.ts";
import { type Bubblewrap, findBubblewrap } from "./bubblewrap.ts";
import { ConfinedChild, ConfinedEnd, type EnclosedStart, type Enclosure } from "./confined-child.ts";
import { type FileView, nodeFileView } from "./file-view.ts";
import { ForbiddenPaths } from "./forbidden-paths.ts";
import { frameArguments } from "./frame.ts";
import { MaskRegistry } from "./mask-registry.ts";
import { mechanismOf } from "./mechanism.ts";
import { type MountPlan, type PlanChange, planMounts } from "./mount-plan.ts";
import { planFingerprint } from "./plan-fingerprint.ts";
import { seatbeltLauncher } from "./seatbelt.ts";
import { startInSeatbelt } from "./seatbelt-start.ts";
import { type FilterName, seccompFilter } from "./seccomp/filters.ts";
import type { Architecture } from "./seccomp/system-calls.ts";
import { StatusPipe } from "./status-pipe.ts";
import { unlinkedFile } from "./unlinked-file.ts";

/** What a sandbox needs of the machine; all of it has a default. */
export interface SandboxOptions {
  /** Where bubblewrap is looked for: the executor's own `PATH` (05 SB-Q1). */
  readonly searchPath?: string;
  readonly view?: FileView;
  readonly masks?: MaskRegistry;
  /** The system that decides how programs are confined. */
  readonly platform?: NodeJS.Platform;
  /** What confines them on macOS. */
  readonly seatbelt?: string;
}

/** A program of our own, whose view was planned before; it is started only if the view is still that one. */
export interface PlannedView {
  readonly change: PlanChange;
  readonly fingerprint: string;
}

/** The files are not what they were when a view of them was planned. */
export class ViewChangedError extends SandboxRefusedError {}

/** Signals that reach a program on a terminal and would end bubblewrap (05 SB-T2). */
const terminalSignals = ["INT", "QUIT", "TSTP"];

/**
 * Confines programs of this machine: on Linux by bubblewrap, one call per start, which becomes the program (05 section 8), on macOS by
 * its own means. Nothing is looked for before the first program that needs it.
 */
export class Sandbox implements Disposable {
  readonly #searchPath: string;
  readonly #view: FileView;
  readonly #masks: MaskRegistry;
  readonly #clock: Clock;
  readonly #platform: NodeJS.Platform;
  readonly #seatbelt: string;
  readonly #filters = new Map<FilterName, number>();
  #bubblewrap: Promise<Bubblewrap> | null = null;

  constructor(clock: Clock, options: SandboxOptions = {}) {
    const { searchPath = process.env.PATH ?? "", view = nodeFileView, masks = new MaskRegistry() } = options;
    const { platform = process.platform, seatbelt = seatbeltLauncher } = options;
    this.#platform = platform;
    this.#seatbelt = seatbelt;
    this.#clock = clock;
    this.#searchPath = searchPath;
    this.#view = view;
    this.#masks = masks;
  }

  /** Removes what a sandbox of an executor that was killed has left on the host (05 SB-L13). */
  recover(): void {
    this.#masks.recover();
  }

  /**
   * Plans the view of a program of our own, without counting what it would put on the host.
   * @throws SandboxRefusedError when the confinement cannot be enforced
   */
  async plan(files: FileConfinement, change: PlanChange): Promise<{ fingerprint: string; occupies: boolean }> {
    if (mechanismOf(this.#platform) !== "bubblewrap") {
      throw new SandboxRefusedError("sandboxed filesystem operations are not supported on this executor");
    }
    const bubblewrap = await this.#found();
    const { plan } = this.#planned(files, change, (view) => ({
      masks: [],
      plan: planMounts(files, view, bubblewrap, change),
    }));
    const { words, masks, watched } = plan;
    return { fingerprint: planFingerprint(words), occupies: masks.length + watched.length > 0 };
  }

  /**
   * Starts a program in its confinement.
   * @param takePipe makes a pipe for the word of bubblewrap
   * @param planned for a program of our own
   * @throws SandboxRefusedError when the confinement cannot be enforced; SpawnError when the OS refuses
   */
  async start(
    spec: ChildSpec,
    confinement: Confinement,
    takePipe: () => Promise<Pipe>,
    listener: ChildListener,
    start: EnclosedStart,
    planned?: PlannedView,
  ): Promise<Child> {
    if (mechanismOf(this.#platform) === "bubblewrap") {
      // The signal by which bubblewrap dies with us follows the thread that has started it (05 SB-L4).
      if (!isMainThread) throw new SandboxRefusedError("sandboxes can be made in the main thread of a program only");
      return this.#startInBubblewrap(spec, confinement, await takePipe(), listener, start, planned);
    }
    const means = { launcher: this.#seatbelt, view: this.#view, clock: this.#clock };
    return startInSeatbelt(spec, confinement, means, listener, start);
  }

  /** @param pipe owned from now on, whatever happens */
  async #startInBubblewrap(
    spec: ChildSpec,
    confinement: Confinement,
    pipe: Pipe,
    listener: ChildListener,
    start: EnclosedStart,
    planned: PlannedView | undefined,
  ): Promise<Child> {
    using descriptors = new StartDescriptors();
    descriptors.add(pipe.write);
    const status = new StatusPipe(pipe.read);
    let enclosed: MountPlan | null = null;
    try {
      const bubblewrap = await this.#found();
      const cwd = realpathSync.native(spec.cwd);
      const onTerminal = spec.stdin === "pty";
      // In one step: what is counted here was looked at here.
      enclosed = confinement.files === null ? null : this.#count(confinement.files, bubblewrap, planned);
      if (planned === undefined && enclosed !== null && enclosed.accessTo(cwd) === "deny") {
        throw new SandboxRefusedError(`the working directory ${spec.cwd} is not visible in the sandbox`);
      }
      const passed = onTerminal ? this.#terminalPassage(bubblewrap, enclosed) : null;
      const arg0 = spec.arg0 === spec.argv[0] ? null : spec.arg0;
      const newSession = passed === null;
      const words = frameArguments(
        {
          plan: enclosed,
          network: confinement.network,
          newSession,
          cwd,
          env: spec.env,
          arg0,
          filterFd: descriptors.add(this.#filter(confinement.network === "restricted" ? "restricted" : "base")),
          statusFd: pipe.write,
        },
        bubblewrap,
      );
      const options = writeArguments(words, descriptors);
      const call = ["--args", String(options), "--", ...(passed === null ? [] : [passed, ...defaults()]), ...spec.argv];
      const outer = passed === null ? ["bwrap", ...call] : ["env", ...ignored(), bubblewrap.file, ...call];
      const order = {
        file: passed ?? bubblewrap.file,
        // Without any of its variables: they would load code into bubblewrap, outside of the sandbox (05 SB-P10).
        spec: { argv: outer, arg0: null, cwd: "/", env: {}, stdin: spec.stdin },
        inherited: descriptors.all,
      };
      const blocked = (path: string) =>
        end.say(`sandbox blocked creation of protected workspace metadata path ${path}\n`);
      const enclosure = this.#enclosure(status, enclosed, { newSession, onTerminal, blocked });
      const end: ConfinedEnd = new ConfinedEnd(enclosure, listener, this.#clock);
      try {
        return new ConfinedChild(await start(order, end), enclosure, end);
      } catch (error) {
        enclosure.end();
        enclosed = null;
        throw error;
      }
    } catch (error) {
      status.close();
      if (enclosed !== null) this.#masks.release(enclosed.masks);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#filters.values()) closeSync(fd);
    this.#filters.clear();
  }

  /** A machine that had none may have one later; one that was found is kept. */
  async #found(): Promise<Bubblewrap> {
    this.#bubblewrap ??= findBubblewrap(this.#searchPath);
    try {
      return await this.#bubblewrap;
    } catch (error) {
      this.#bubblewrap = null;
      throw error;
    }
  }

  #count(files: FileConfinement, bubblewrap: Bubblewrap, planned: PlannedView | undefined): MountPlan {
    return this.#planned(files, planned?.change, (view) => {
      const plan = planMounts(files, view, bubblewrap, planned?.change);
      if (planned !== undefined && planFingerprint(plan.words) !== planned.fingerprint) {
        throw new ViewChangedError("the files were changed while a sandbox was made of them");
      }
      return plan;
    });
  }

  /** Makes a plan, and counts what it puts on the host. */
  #planned<Plan extends Pick<MountPlan, "masks">>(
    files: FileConfinement,
    change: PlanChange | undefined,
    plan: (view: FileView) => Plan,
  ): Plan {
    // Where all is only read there is nothing to hold a place for, nor anything that a mask of others could stand in for.
    const isReadOnly = files.denyGlobs.length === 0 && files.entries.every(({ access }) => access === "read");
    if (change?.isReadOnly ?? isReadOnly) return plan(this.#view);
    return this.#masks.count((isMask) => plan(this.#viewWithout(isMask)));
  }

  #viewWithout(isMask: (path: string) => boolean): FileView {
    return { ...this.#view, kindOf: (path) => (isMask(path) ? "missing" : this.#view.kindOf(path)) };
  }

  /** Opened anew for each start, since bubblewrap reads it to its end (05 SB-L11). */
  #filter(name: FilterName): number {
    let fd = this.#filters.get(name);
    if (fd === undefined) {
      fd = unlinkedFile(seccompFilter(name, process.arch as Architecture)); // `findBubblewrap` has refused all others
      this.#filters.set(name, fd);
    }
    return openSync(`/proc/self/fd/${fd}`, "r");
  }

  /**
   * The program through which a terminal's signals pass bubblewrap by and reach the confined program; `null` where there is none, or
   * it cannot be seen inside (05 SB-T3).
   */
  #terminalPassage({ env }: Bubblewrap, plan: MountPlan | null): string | null {
    if (env === null) return null;
    return plan === null || plan.accessTo(env) !== "deny" ? env : null;
  }

  #enclosure(
    status: StatusPipe,
    plan: MountPlan | null,
    terms: Pick<Enclosure, "newSession" | "onTerminal"> & { readonly blocked: (path: string) => void },
  ): Enclosure {
    const removed: string[] = [];
    const forbidden = new ForbiddenPaths(plan?.watched ?? [], (path) => {
      removed.push(path);
      terms.blocked(path);
    });
    return {
      ...terms,
      status,
      countsUsage: plan === null,
      end: () => {
        forbidden.close();
        this.#masks.release(plan?.masks ?? []);
        return removed;
      },
    };
  }
}

function ignored(): string[] {
  return terminalSignals.map((signal) => `--ignore-signal=${signal}`);
}

function defaults(): string[] {
  return terminalSignals.map((signal) => `--default-signal=${signal}`);
}
