/**
 * The placeholder of a side effect that an actor must bring along with `provide()`. XState silently ignores a missing
 * string action in production; this one throws, so that forgetting it is found by the first test.
 */
export function unprovided<Params = undefined>(action: string) {
  return (_: unknown, _params: Params): void => {
    throw new Error(`the action "${action}" was not provided`);
  };
}
