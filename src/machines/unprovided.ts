import { fromPromise } from "xstate";

/**
 * The placeholder of a side effect that an actor must bring along with `provide()`. XState silently ignores a missing
 * string action in production; this one throws, so that forgetting it is found by the first test.
 */
export function unprovided<Params = undefined>(action: string) {
  return (_: unknown, _params: Params): void => {
    throw new Error(`the action "${action}" was not provided`);
  };
}

/** The placeholder of an attempt that an actor must bring along; it fails at once, with its own name. */
export function unprovidedActor<Output>(actor: string) {
  return fromPromise<Output>(() => Promise.reject(new Error(`the actor "${actor}" was not provided`)));
}
