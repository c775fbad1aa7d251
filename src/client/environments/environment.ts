import type { Observable } from "rxjs";
import { EnvironmentActor, type EnvironmentOptions } from "../../actors/environment-actor.ts";
import { EnvironmentUnavailableError } from "../../actors/environment-errors.ts";
import { type EnvironmentState, type EnvironmentStatus, statusOf } from "../../actors/environment-state.ts";
import type { EnvironmentInfo } from "../../protocol/environment.ts";
import type { Link } from "../link.ts";
import type { RemoteFetch } from "../remote-fetch.ts";
import type { RemoteProcess } from "../remote-process.ts";
import type { StartOptions } from "../start-options.ts";
import { type Capability, DeferredServices } from "./deferred-services.ts";
import type { EnvironmentCapabilities, EnvironmentKind } from "./environment-source.ts";
import type { Files, InfoOptions, Services } from "./services.ts";

/** From asking an environment for its facts to giving up (07 E-39). */
const infoTimeoutMs = 30_000;

/** What an environment is made of. */
export interface EnvironmentParts
  extends Pick<EnvironmentOptions<Link>, "open" | "location" | "clock" | "onInspection" | "watch" | "onFault"> {
  readonly id: string;
  readonly kind: EnvironmentKind;
  readonly capabilities: EnvironmentCapabilities;
}

/**
 * A place to run things that has a name; where it is, and whether a connection to it is there yet, its user need not know. The first
 * call connects, unless that has begun already, and all calls share that attempt. A lost connection is a pause. A lost session
 * fails what was in it, and the next call begins a fresh one. Made by `Environments`, and closed with it.
 */
export class Environment implements Services {
  readonly id: string;
  readonly kind: EnvironmentKind;
  /** Is it anywhere else than in this program? */
  readonly isRemote: boolean;
  /** Where, for people: a URL without its secrets, or the name of a program. */
  readonly location: string;
  /** What it may be asked to do; the rest is refused before anything is sent (07 E-2). */
  readonly capabilities: EnvironmentCapabilities;
  /** The states, the present one first; completes when it is over. */
  readonly state$: Observable<EnvironmentState>;
  readonly #actor: EnvironmentActor<Link>;
  readonly #services: DeferredServices;

  /** Made by `Environments`. */
  constructor({ id, kind, location, capabilities, ...options }: EnvironmentParts) {
    this.id = id;
    this.kind = kind;
    this.isRemote = kind !== "local";
    this.location = location;
    this.capabilities = capabilities;
    this.#actor = new EnvironmentActor({
      ...options,
      location,
      environmentId: id,
      isDisabled: kind === "disabled",
      isOneShot: kind === "stdio",
    });
    this.state$ = this.#actor.state$;
    this.#services = new DeferredServices(async (capability, signal) => {
      this.#require(capability);
      return this.#actor.use(signal);
    });
  }

  /** The present state. */
  get state(): EnvironmentState {
    return this.#actor.state;
  }

  /**
   * Starts a program, directly and not through a shell; see `Link.start`. Until it has been started an abort of `signal` ends the
   * waiting, not an attempt to connect that others share.
   * @throws EnvironmentStartError when the attempt to connect failed; EnvironmentUnavailableError where there will be none, or no
   *   processes are offered. So do all calls.
   */
  start(argv: readonly string[], options: StartOptions = {}): Promise<RemoteProcess> {
    return this.#services.start(argv, options);
  }

  /** The files there. */
  get files(): Files {
    return this.#services.files;
  }

  /** A WHATWG fetch that leaves from the network there; needs no `this`. What keeps it from connecting is the `cause` of its TypeError. */
  get fetch(): RemoteFetch {
    return this.#services.fetch;
  }

  /** What the place says of itself. @throws ProctorError `timeout` after `timeoutMs`, 30 s unless told otherwise (07 E-39). */
  environmentInfo(options: InfoOptions = {}): Promise<EnvironmentInfo> {
    return this.#services.environmentInfo({ timeoutMs: infoTimeoutMs, ...options });
  }

  /** Begins to connect, if that has not begun. Never throws: what comes of it, the state tells. */
  connect(): void {
    this.#actor.begin();
  }

  /** Resolves when it can be used, and begins to connect if need be. Rejects as `start`, all with the same error (07 E-20). */
  async ready(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#actor.use(options.signal);
  }

  /** The link that is in use, once there is one; for what goes beyond the services, such as its processes and observers. */
  link(options: { readonly signal?: AbortSignal } = {}): Promise<Link> {
    return this.#actor.use(options.signal);
  }

  /** Forgets that the first attempt failed, or that the program has ended, and tries once more (07 E-21, E-28). */
  async restart(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#actor.restart(options.signal);
  }

  /** Whether it can be used, as far as it is known here; asks nobody (07 E-40). */
  status(): EnvironmentStatus {
    // A local one needs no connection: its first use cannot fail to find it.
    if (this.kind === "local" && this.state.value === "Idle") return { status: "ready" };
    return statusOf(this.state);
  }

  /** As `status`, and asks the executor of one that is ready for a sign of life. Never connects, and waits for no recovery. */
  async probe(options: InfoOptions = {}): Promise<EnvironmentStatus> {
    const known = this.status();
    if (known.status !== "ready" || this.state.value === "Idle") return known;
    try {
      await this.passive().environmentInfo({ timeoutMs: infoTimeoutMs, ...options });
      return this.status();
    } catch (error) {
      options.signal?.throwIfAborted();
      return { status: "disconnected", error: error instanceof Error ? error.message : String(error) };
    }
  }

  /**
   * The same services, whose calls fail at once unless it is connected right now: they begin, wait for and recover nothing
   * (07 E-41). For catalogues that must not wake executors.
   */
  passive(): Services {
    return new DeferredServices(async (capability) => {
      this.#require(capability);
      return this.#actor.peek();
    });
  }

  /** For `Environments`: it was replaced. Tells whether it is over; a link that is in use stays until `close`. */
  release(): boolean {
    return this.#actor.release();
  }

  /** Ends it, its link and what runs there. What waits for it fails at once. Idempotent. */
  close(): Promise<void> {
    return this.#actor.close();
  }

  #require(capability: Capability): void {
    if (capability === "info" || this.capabilities[capability] || this.kind === "disabled") return;
    throw new EnvironmentUnavailableError(this.id, `environment \`${this.id}\` does not offer ${capability}`);
  }
}
