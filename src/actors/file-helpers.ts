import type { FileConfinement } from "../ports/confinement.ts";
import type { FileHelperHost, HelperAccess, HelperPlan } from "../ports/file-helper-host.ts";
import { FileHelperError } from "../ports/file-host.ts";
import type { ActorSystemPorts } from "./actor-owners.ts";
import { FileHelperActor } from "./file-helper.ts";

/** Helpers that live at once (05 SB-F9). */
export const mostFileHelpers = 8;
/** So long operations that have begun may take when the executor is closed. */
const closeGraceMs = 2_000;
/** So long an operation waits for a place among helpers that are all in use. */
const roomLimitMs = 10_000;

/**
 * The helpers of one executor, by what they are confined to. For every operation its confinement is planned anew, as if a sandbox
 * were made for it alone; a helper whose view would be the same does it (05 SB-F9). Bounded: the one that was idle the longest goes
 * when there is no place for another.
 */
export class FileHelpers {
  readonly #host: FileHelperHost;
  readonly #ports: ActorSystemPorts;
  readonly #fault: (error: unknown) => void;
  /** All whose process may be there, in the order of their last use. */
  readonly #helpers = new Set<FileHelperActor>();
  readonly #waiting = new Set<() => void>();
  #isOver = false;

  constructor(host: FileHelperHost, ports: ActorSystemPorts, fault: (error: unknown) => void) {
    this.#host = host;
    this.#ports = ports;
    this.#fault = fault;
  }

  /** How many there are. */
  get size(): number {
    return this.#helpers.size;
  }

  /**
   * The helper for an operation, which is a use of it from now on.
   * @throws SandboxRefusedError for a confinement that cannot be enforced; FileHelperError where there is no place for long
   */
  async take(files: FileConfinement, access: HelperAccess, signal: AbortSignal | undefined): Promise<FileHelperActor> {
    const deadline = this.#ports.clock.now() + roomLimitMs;
    for (;;) {
      const plan = await this.#host.plan(files, access);
      signal?.throwIfAborted();
      if (this.#isOver) throw new FileHelperError("the executor is shutting down", { effect: "notApplied" });
      const helper = this.#known(plan.fingerprint) ?? this.#added(plan);
      if (helper !== null) {
        helper.begin();
        return helper;
      }
      await this.#untilRoom(deadline, signal);
    }
  }

  /** Ends all of them, each when it has done what it was asked, within two seconds; resolves when none is left. */
  async close(): Promise<void> {
    this.#isOver = true;
    for (const wake of [...this.#waiting]) wake();
    const deadline = this.#ports.clock.now() + closeGraceMs;
    for (;;) {
      const isLate = this.#ports.clock.now() >= deadline;
      for (const helper of this.#helpers) if (isLate || helper.snapshot.hasTag("idle")) helper.retire();
      if (isLate || this.#helpers.size === 0) break;
      await this.#roomOr(deadline, undefined);
    }
    await Promise.all([...this.#helpers].map(({ ended }) => ended));
  }

  #known(fingerprint: string): FileHelperActor | null {
    for (const helper of this.#helpers) {
      if (helper.fingerprint !== fingerprint || !helper.snapshot.hasTag("taking")) continue;
      this.#helpers.delete(helper); // and in again, as the one used last
      this.#helpers.add(helper);
      return helper;
    }
    return null;
  }

  #added(plan: HelperPlan): FileHelperActor | null {
    if (this.#helpers.size >= mostFileHelpers) {
      const [idle] = [...this.#helpers].filter(({ snapshot }) => snapshot.hasTag("idle"));
      idle?.retire();
      return null;
    }
    const owner = {
      forget: (gone: FileHelperActor) => {
        this.#helpers.delete(gone);
        owner.roomMade();
      },
      roomMade: () => {
        for (const wake of [...this.#waiting]) wake();
      },
      fault: this.#fault,
    };
    const helper = new FileHelperActor(plan, owner, this.#ports);
    this.#helpers.add(helper);
    return helper;
  }

  async #untilRoom(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#ports.clock.now() >= deadline) {
      throw new FileHelperError(`all ${mostFileHelpers} fs sandbox helpers are in use`, { effect: "notApplied" });
    }
    await this.#roomOr(deadline, signal);
    signal?.throwIfAborted();
  }

  /** Resolves when something has changed, the deadline is over, or nobody waits any more. */
  async #roomOr(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#ports;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#waiting.add(wake);
    signal?.addEventListener("abort", wake, { once: true });
    const timer = clock.setTimeout(wake, Math.max(0, deadline - clock.now()));
    await promise;
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", wake);
    this.#waiting.delete(wake);
  }
}
