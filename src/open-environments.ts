import { Environments, type EnvironmentsOptions } from "./client/environments/environments.ts";
import { environmentsFromHome } from "./client/environments/selection.ts";
import type { EnvironmentProvider, EnvironmentSnapshot } from "./client/environments/snapshot.ts";
import type { LocalEnvironmentOptions } from "./local-environment.ts";

/** How the environments behave; every member has a default. */
export interface OpenEnvironmentsOptions extends EnvironmentsOptions {
  /** How this machine behaves where it is one of them; what is not said here is as for the others, but for `cwd`. */
  readonly local?: Omit<LocalEnvironmentOptions, "signal"> | undefined;
  /** Gives up reading the configuration. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the environments of an orchestrator: those that are given, or that a provider tells once. Default: those of the user, as
 * `environmentsFromHome()` tells them. Those at URLs begin to connect at once; nobody waits for that here.
 * @throws EnvironmentConfigError when the configuration is wrong; then nothing was started
 */
export async function openEnvironments(
  from: EnvironmentSnapshot | EnvironmentProvider = environmentsFromHome(),
  options: OpenEnvironmentsOptions = {},
): Promise<Environments> {
  const { local, signal, cwd, ...shared } = options;
  signal?.throwIfAborted();
  const snapshot = typeof from === "function" ? await from(signal) : from;
  return new Environments(snapshot, { ...shared, cwd }, async (linkSignal) => {
    // An executor is much to load for those who only use others.
    const { localEnvironment } = await import("./local-environment.ts");
    return localEnvironment({ ...shared, ...local, signal: linkSignal });
  });
}
