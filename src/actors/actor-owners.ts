import { type AnyActorRef, type AnyStateMachine, createActor, type InputFrom, type InspectionEvent } from "xstate";
import type { Clock } from "../ports/clock.ts";
import type { ActorWatch, WatchedEntity } from "./actor-watch.ts";

/** What every actor of one executor or client shares. */
export interface ActorSystemPorts {
  readonly clock: Clock;
  /** Sees every event and transition of every actor; `undefined` costs nothing. */
  readonly onInspection?: ((event: InspectionEvent) => void) | undefined;
  /** Hears of every actor, and looks at them when somebody wants to see them. */
  readonly watch?: ActorWatch | undefined;
  /** Whose actors these are: the session of a process, the link of a remote process. */
  readonly ownedBy?: object | undefined;
}

/**
 * Sends an event to an actor that may be over. The ends of resources come late and in any order, and an ended machine has
 * nothing to say to them; XState would warn on the console of whoever uses us.
 */
export function tell<Event>(
  actor: { getSnapshot(): { readonly status: string }; send(event: Event): void },
  event: NoInfer<Event>,
): void {
  if (actor.getSnapshot().status === "active") actor.send(event);
}

/**
 * Pairs the actor of a machine with the object that owns it. A machine is `provide()`d once, when its module is loaded;
 * doing it per actor would rebuild the chart each time. So the side effects find their owner through this map.
 */
export function actorOwners<Owner extends WatchedEntity>() {
  const owners = new WeakMap<AnyActorRef, Owner>();
  return {
    /** The owner of the actor that runs an action. */
    of(self: AnyActorRef): Owner {
      const owner = owners.get(self);
      if (owner === undefined) throw new Error(`the actor ${self.id} has no owner`);
      return owner;
    },
    /**
     * Creates an actor, a root of its own, without starting it. A fault inside the machine goes to `onFault`; without an
     * observer it would end the whole program.
     */
    create<Logic extends AnyStateMachine>(
      logic: Logic,
      owner: Owner,
      options: ActorSystemPorts & {
        readonly id: string;
        readonly input: InputFrom<Logic>;
        onFault(error: unknown): void;
      },
    ) {
      const actor = createActor<AnyStateMachine>(logic, {
        id: options.id,
        input: options.input,
        clock: options.clock,
        ...(options.onInspection === undefined ? {} : { inspect: options.onInspection }),
      });
      owners.set(actor, owner);
      const { watch, onFault } = options;
      actor.subscribe({ error: onFault });
      if (watch !== undefined) {
        watch.created(actor, owner, options.ownedBy ?? null);
        const ended = () => watch.ended(owner);
        actor.subscribe({ error: ended, complete: ended });
      }
      return actor as unknown as ReturnType<typeof createActor<Logic>>; // createActor's options depend on Logic in a way that a generic caller cannot express
    },
  };
}
