import fc from "fast-check";
import { BehaviorSubject } from "rxjs";
import { expect, it } from "vitest";
import { EnvironmentActor, type EnvironmentLink } from "../../src/actors/environment-actor.ts";
import { EnvironmentStartError, EnvironmentUnavailableError } from "../../src/actors/environment-errors.ts";
import type { LinkState } from "../../src/actors/link-state.ts";
import { verifies } from "../rules/verifies.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { EnvironmentModel, type EnvironmentStep } from "./environment-model.ts";
import { runs } from "./runs.ts";

/** A link of which nothing is there but its states. */
class FakeLink implements EnvironmentLink {
  readonly state$: BehaviorSubject<LinkState>;
  closes = 0;

  constructor(value: LinkState["value"]) {
    this.state$ = new BehaviorSubject<LinkState>({ value, generation: 1, sessionId: "s", reason: null });
  }

  get state(): LinkState {
    return this.state$.value;
  }

  become(value: LinkState["value"]): void {
    this.state$.next({ ...this.state, value, reason: value === "Connected" ? null : "cut" });
  }

  close(): Promise<void> {
    this.closes += 1;
    return Promise.resolve();
  }
}

interface Attempt {
  readonly signal: AbortSignal;
  readonly outcome: PromiseWithResolvers<FakeLink>;
  isOver: boolean;
}

/** What a user got: a link or an error, and during which attempt he began to wait. */
interface Waiting {
  readonly attempt: number;
  settled: FakeLink | Error | null;
}

const step: fc.Arbitrary<EnvironmentStep> = fc
  .oneof(
    { weight: 6, arbitrary: fc.constantFrom("use" as const) },
    { weight: 4, arbitrary: fc.constantFrom("opened" as const, "refused" as const, "openedDead" as const) },
    { weight: 4, arbitrary: fc.constantFrom("recovering" as const, "recovered" as const, "lost" as const) },
    { weight: 3, arbitrary: fc.constantFrom("restart" as const, "peek" as const, "abandonedUse" as const) },
    { weight: 1, arbitrary: fc.constantFrom("release" as const, "close" as const) },
  )
  .map((type) => ({ type }));

/** Lets every promise that can settle do so. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

class World {
  readonly model: EnvironmentModel;
  readonly attempts: Attempt[] = [];
  readonly links: FakeLink[] = [];
  readonly users: Waiting[] = [];
  readonly faults: unknown[] = [];
  readonly clock = new VirtualClock();
  readonly actor: EnvironmentActor<FakeLink>;

  constructor(isOneShot: boolean) {
    this.model = new EnvironmentModel(isOneShot);
    this.actor = new EnvironmentActor({
      environmentId: "e",
      location: "nowhere",
      isDisabled: false,
      isOneShot,
      clock: this.clock,
      onFault: (error) => this.faults.push(error),
      open: (_, signal) => {
        const attempt = { signal, outcome: Promise.withResolvers<FakeLink>(), isOver: false };
        // As openLink does: an attempt that is given up ends with the reason.
        signal.addEventListener("abort", () => attempt.outcome.reject(signal.reason));
        this.attempts.push(attempt);
        return attempt.outcome.promise.finally(() => {
          attempt.isOver = true;
        });
      },
    });
  }

  get link(): FakeLink | undefined {
    return this.links.at(-1);
  }

  async apply({ type }: EnvironmentStep): Promise<void> {
    const { actor } = this;
    if (type === "use" || type === "restart") this.#wait(type);
    if (type === "abandonedUse") {
      const leaving = new AbortController();
      const waiting = actor.use(leaving.signal).catch(() => undefined);
      leaving.abort();
      await waiting;
    }
    if (type === "peek") this.#peek();
    if (type === "release") actor.release();
    if (type === "close") await actor.close();
    const attempt = this.attempts.findLast(({ isOver }) => !isOver);
    if (type === "refused") attempt?.outcome.reject(new Error(`refused ${this.attempts.length}`));
    if (type === "opened" || type === "openedDead") this.#open(attempt, type === "opened" ? "Connected" : "Failed");
    if (type === "recovering") this.link?.become("Recovering");
    if (type === "recovered") this.link?.become("Connected");
    if (type === "lost") this.link?.become("Failed");
    await settled();
  }

  #open(attempt: Attempt | undefined, state: "Connected" | "Failed"): void {
    if (attempt === undefined) return;
    const link = new FakeLink(state);
    this.links.push(link);
    attempt.outcome.resolve(link);
  }

  #wait(how: "use" | "restart"): void {
    const waiting = how === "use" ? this.actor.use() : this.actor.restart();
    const user: Waiting = { attempt: this.attempts.length, settled: null };
    this.users.push(user);
    const settle = (result: FakeLink | Error) => {
      user.settled = result;
    };
    waiting.then(settle, settle);
  }

  /** Begins nothing, and gives a link only where it is connected. */
  #peek(): void {
    const before = this.attempts.length;
    const { state } = this.model;
    if (state === "Connected") expect(this.actor.peek()).toBe(this.link);
    else expect(() => this.actor.peek()).toThrow();
    expect(this.attempts.length).toBe(before);
  }
}

/** Words that a link which is over says no more; a model of links is another test's. */
function fits({ model, link }: World, { type }: EnvironmentStep): boolean {
  if (type !== "recovering" && type !== "recovered" && type !== "lost") return true;
  return link === undefined || model.isUsable;
}

it("does what the model of an environment does, and every user gets what his attempt came to (03 I-29, T-13)", async () => {
  verifies("03 I-29", "07 E-20", "07 E-21", "07 E-26", "07 E-28");
  const seen = { shared: 0, lost: 0, reopened: 0, dead: 0, failed: 0 };
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 30, size: "max" }), async (isOneShot, steps) => {
      const world = new World(isOneShot);
      const { model, actor } = world;
      for (const next of steps) {
        if (!fits(world, next)) continue;
        model.apply(next);
        await world.apply(next);
        const { value, phase } = actor.state;
        expect(phase ?? value).toBe(model.state);
        expect(world.attempts.length).toBe(model.attempts);
        // At most one at a time, and none of which nobody knows (I-29).
        expect(world.attempts.filter(({ isOver }) => !isOver).length).toBe(model.isConnecting ? 1 : 0);
        // Nobody waits unless an attempt is under way, and all who share one get the same.
        if (!model.isConnecting) expect(world.users.filter(({ settled: result }) => result === null)).toEqual([]);
        if (model.state === "Lost") seen.lost += 1;
        if (model.state === "Reopening") seen.reopened += 1;
        if (model.state === "Dead") seen.dead += 1;
        if (model.state === "Failed") seen.failed += 1;
      }
      seen.shared += sharers(world.users);
      await actor.close();
      await settled();
      expect(world.faults).toEqual([]);
      expect(world.clock.pending).toBe(0);
      expect(world.users.filter(({ settled: result }) => result === null)).toEqual([]);
      for (const link of world.links) expect(link.closes).toBeGreaterThan(0);
      for (const link of world.links) expect(link.state$.observed).toBe(false);
      expect(world.attempts.every(({ isOver }) => isOver)).toBe(true);
    }),
    runs,
  );
  // The sequences are worth nothing unless they get somewhere.
  for (const [what, count] of Object.entries(seen)) expect([what, count > 50]).toEqual([what, true]);
});

/** How many got the same as somebody else; every error is of a kind that is known. */
function sharers(users: readonly Waiting[]): number {
  for (const { settled: result } of users) {
    if (!(result instanceof Error)) continue;
    expect(result instanceof EnvironmentStartError || result instanceof EnvironmentUnavailableError).toBe(true);
  }
  const failures = users.flatMap(({ settled: result }) => (result instanceof EnvironmentStartError ? [result] : []));
  return failures.length - new Set(failures).size;
}
