import { ObservationActor } from "../actors/observation-actor.ts";
import { throwFault } from "../actors/throw-fault.ts";
import { systemClock } from "../ports/clock.ts";
import { systemRandom } from "../ports/random.ts";
import { linkTelemetry } from "../telemetry/link-telemetry.ts";
import { type ConnectOptions, type ConnectTarget, connected, dialFor, linkInput, placeOf } from "./connect.ts";
import { Observation } from "./observation.ts";

/** How to observe; every member has a default. */
export type ObserveOptions = Omit<ConnectOptions, "cwd">;

/**
 * Observes a session of somebody else, on a connection of its own. The key is the `observerKey` of the link that holds the
 * session. Resolves when the processes are known that are there now.
 * @throws RpcError `invalidRequest` for an unknown key, or when the session has sixteen observers already; UnsupportedError
 *   where the executor lets nobody observe; otherwise as `connect`.
 */
export async function observe(
  target: ConnectTarget,
  observerKey: string,
  options: ObserveOptions = {},
): Promise<Observation> {
  options.signal?.throwIfAborted();
  const clock = options.clock ?? systemClock;
  const telemetry = linkTelemetry(clock, options);
  const actor = new ObservationActor({
    clock,
    random: options.random ?? systemRandom,
    onInspection: options.onInspection,
    watch: options.watch,
    place: placeOf(target),
    onFault: options.onFault ?? throwFault,
    ...linkInput(target, options),
    telemetry,
    dial: dialFor(target, options, clock),
    clientName: options.clientName ?? "proctor",
    observerKey,
  });
  telemetry?.follow(actor.link.state$);
  try {
    await connected(actor.link, options.signal);
  } catch (error) {
    // A session can be over as soon as it is observed; that is an end like any other.
    if (!actor.isOver) throw actor.refusal ?? error;
  }
  return new Observation(actor);
}
