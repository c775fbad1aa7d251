import type { Observable, Subscription } from "rxjs";
import { type Actor, type AnyActorRef, fromPromise, type SnapshotFrom, waitFor } from "xstate";
import { type AttemptOutcome, type EnvironmentInput, environmentMachine } from "../machines/environment-machine.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";
import { EnvironmentStartError, EnvironmentUnavailableError } from "./environment-errors.ts";
import {
  type EnvironmentState,
  environmentStateOf,
  environmentStates,
  notReadyText,
  recoveringText,
} from "./environment-state.ts";
import type { LinkState } from "./link-state.ts";

/** What an environment needs of a link. */
export interface EnvironmentLink {
  readonly state: LinkState;
  /** Begins with the present state. */
  readonly state$: Observable<LinkState>;
  close(): Promise<void>;
}

/** What a link is opened for: the first one, or one in the place of one that has failed. */
export type LinkPurpose = "start" | "reopen";

/** What differs from environment to environment. */
export interface EnvironmentOptions<Link extends EnvironmentLink> extends EnvironmentInput, ActorSystemPorts {
  /** Where it is, in words for people, without secrets. */
  readonly location: string;
  /** Opens a link, connected, which belongs to `owner`; the signal gives up. */
  open(purpose: LinkPurpose, signal: AbortSignal, owner: object): Promise<Link>;
  /** The machine itself failed. */
  onFault(error: unknown): void;
}

const owners = actorOwners<EnvironmentActor<EnvironmentLink>>();

const logic = environmentMachine.provide({
  actors: { connect: fromPromise(({ signal, self }) => ownerOfInvoked(self).effects.connect(signal)) },
  actions: {
    watchLink: ({ self }) => owners.of(self).effects.watchLink(),
    closeLink: ({ self }) => owners.of(self).effects.closeLink(),
  },
});

function ownerOfInvoked(self: { readonly _parent?: AnyActorRef | undefined }): EnvironmentActor<EnvironmentLink> {
  if (self._parent === undefined) throw new Error("an attempt is always invoked by its environment");
  return owners.of(self._parent);
}

/**
 * A place to run things: its machine, and the link to it, if there is one. One attempt at a time, shared by all who want it;
 * it belongs to the environment and not to who asked first, so that his leaving does not end it for the others.
 */
export class EnvironmentActor<Link extends EnvironmentLink> implements WatchedEntity {
  /** The states, beginning with the present one; completes when the environment is over. */
  readonly state$: Observable<EnvironmentState>;
  readonly #options: EnvironmentOptions<Link>;
  readonly #actor: Actor<typeof logic>;
  /** Attempts that were given up, and links that close. */
  readonly #unfinished = new Set<Promise<void>>();
  #link: Link | null = null;
  #watching: Subscription | undefined;
  #purpose: LinkPurpose = "start";
  #attempts = 0;

  constructor(options: EnvironmentOptions<Link>) {
    this.#options = options;
    const { environmentId, isDisabled, isOneShot } = options;
    // The map is of all kinds of links; what it gives back is only ever told to do what any kind can.
    this.#actor = owners.create(logic, this as unknown as EnvironmentActor<EnvironmentLink>, {
      ...options,
      id: `environment ${environmentId}`,
      input: { environmentId, isDisabled, isOneShot },
    });
    this.state$ = environmentStates(this.#actor);
    this.#actor.start();
  }

  /** @inheritDoc */
  facts(): Facts {
    return { at: this.#options.location, attempts: this.#attempts };
  }

  /** The present state. */
  get state(): EnvironmentState {
    return environmentStateOf(this.#actor.getSnapshot());
  }

  /** Begins to connect, if nothing else was tried yet or the last link is lost. */
  begin(): void {
    tell(this.#actor, { type: "use" });
  }

  /**
   * The link, as soon as there is one; also one that recovers, since its calls wait.
   * @throws EnvironmentStartError when the attempt failed, now or for good; EnvironmentUnavailableError where there will be
   *   none; the signal's reason, which ends the waiting and not the attempt.
   */
  use(signal?: AbortSignal): Promise<Link> {
    return this.#awaited({ type: "use" }, signal);
  }

  /** As `use`, and forgets a final failure first. */
  restart(signal?: AbortSignal): Promise<Link> {
    return this.#awaited({ type: "restart" }, signal);
  }

  /**
   * The link if it is connected; never begins, waits or recovers (07 E-41).
   * @throws EnvironmentUnavailableError, or the saved EnvironmentStartError of a first attempt.
   */
  peek(): Link {
    const snapshot = this.#actor.getSnapshot();
    const { value, phase } = environmentStateOf(snapshot);
    if (phase === "Connected" && this.#link !== null) return this.#link;
    if (phase === "Recovering") throw this.#unavailable(`${recoveringText} (${this.#name})`);
    if (value === "Idle" || value === "Starting" || phase === "Reopening")
      throw this.#unavailable(`${notReadyText} (${this.#name})`);
    throw this.#refusal(snapshot);
  }

  /** It is replaced: what has not come about is given up, a link that is in use stays (07 E-18). Tells whether it is over. */
  release(): boolean {
    tell(this.#actor, { type: "release" });
    return this.#actor.getSnapshot().hasTag("ended");
  }

  /** Ends it and its link. Resolves when that is gone. Idempotent. */
  async close(): Promise<void> {
    tell(this.#actor, { type: "dispose" });
    await Promise.all(this.#unfinished);
  }

  /** For the machine only. */
  readonly effects = {
    connect: async (signal: AbortSignal): Promise<AttemptOutcome> => {
      this.#forget();
      this.#attempts += 1;
      const opening = this.#open(signal);
      this.#finish(opening);
      const link = await opening;
      if (signal.aborted) {
        this.#close(link);
        throw signal.reason;
      }
      this.#link = link;
      this.#purpose = "reopen";
      return { isAlive: link.state.value === "Connected" || link.state.value === "Recovering" };
    },
    watchLink: (): void => {
      this.#watching = this.#link?.state$.subscribe(({ value, reason }) => {
        const why = reason ?? "the connection was lost";
        if (value === "Connected") tell(this.#actor, { type: "link.connected" });
        else if (value === "Recovering") tell(this.#actor, { type: "link.recovering", reason: why });
        else tell(this.#actor, { type: "link.ended", reason: why });
      });
    },
    closeLink: (): void => {
      this.#watching?.unsubscribe();
      if (this.#link !== null) this.#close(this.#link);
    },
  };

  async #awaited(event: { readonly type: "use" | "restart" }, signal: AbortSignal | undefined): Promise<Link> {
    signal?.throwIfAborted();
    tell(this.#actor, event);
    const snapshot = await settled(this.#actor, signal);
    if (snapshot.hasTag("usable") && this.#link !== null) return this.#link;
    throw this.#refusal(snapshot);
  }

  async #open(signal: AbortSignal): Promise<Link> {
    try {
      return await this.#options.open(this.#purpose, signal, this);
    } catch (error) {
      signal.throwIfAborted();
      throw new EnvironmentStartError(this.#options.environmentId, error);
    }
  }

  /** The last link has failed; nothing of it counts any more. */
  #forget(): void {
    this.#watching?.unsubscribe();
    if (this.#link !== null) this.#close(this.#link);
    this.#link = null;
  }

  #close(link: Link): void {
    this.#finish(link.close().catch(this.#options.onFault));
  }

  /** What `close` waits for. How it ends is told elsewhere: an attempt's to those who wait for it. */
  #finish(work: Promise<unknown>): void {
    const over: Promise<void> = work.then(
      () => void this.#unfinished.delete(over),
      () => void this.#unfinished.delete(over),
    );
    this.#unfinished.add(over);
  }

  #refusal({ context: { error, reason }, value }: SnapshotFrom<typeof logic>): Error {
    if (error instanceof EnvironmentStartError) return error;
    if (value === "Disabled" || value === "Disposed")
      return this.#unavailable(`${this.#name} cannot be used: ${reason}`);
    return this.#unavailable(`${this.#name} is disconnected: ${reason}`);
  }

  get #name(): string {
    return `environment \`${this.#options.environmentId}\``;
  }

  #unavailable(message: string): EnvironmentUnavailableError {
    return new EnvironmentUnavailableError(this.#options.environmentId, message);
  }
}

/** The first snapshot without an attempt under way. */
async function settled(actor: Actor<typeof logic>, signal: AbortSignal | undefined) {
  try {
    return await waitFor(actor, (snapshot) => !snapshot.hasTag("connecting"), {
      timeout: Number.POSITIVE_INFINITY,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
