import { type ConnectOptions, type EnvironmentSource, openEnvironments } from "../../../src/index.ts";
import type { Place } from "../suite/venue.ts";

/**
 * The services of an environment, and of its link what goes beyond them: the same tests hold for it as for a link.
 * @param source where it is; this machine, if absent
 */
export async function openEnvironment(source: EnvironmentSource | null, options: ConnectOptions = {}): Promise<Place> {
  const { cwd, clock, onInspection, onFault } = options;
  const environments = await openEnvironments(
    source === null ? { environments: [] } : { environments: [{ id: "place", ...source }], default: "place" },
    { cwd, clock, onInspection, onFault },
  );
  const environment = environments.require(environments.defaultId ?? "");
  const link = await environment.link();
  return {
    start: (...call) => environment.start(...call),
    files: environment.files,
    fetch: environment.fetch,
    environmentInfo: (...call) => environment.environmentInfo(...call),
    state$: link.state$,
    get state() {
      return link.state;
    },
    get observerKey() {
      return link.observerKey;
    },
    processes: (...call) => link.processes(...call),
    offers: (feature) => link.offers(feature),
    require: (feature) => link.require(feature),
    networkChanged: () => link.networkChanged(),
    close: () => environments.close(),
    [Symbol.asyncDispose]: () => environments.close(),
  };
}
