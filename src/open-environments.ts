import { Environments, type EnvironmentsOptions } from "./client/environments/environments.ts";
import { environmentsFromHome } from "./client/environments/selection.ts";
import type { EnvironmentProvider, EnvironmentSnapshot } from "./client/environments/snapshot.ts";
import { type Inspectable, startInspector } from "./inspection.ts";
import type { Inspector } from "./inspector/inspector.ts";
import type { LocalEnvironmentOptions } from "./local-environment.ts";

/** How the environments behave; every member has a default. */
export interface OpenEnvironmentsOptions extends Omit<EnvironmentsOptions, "watch">, Inspectable {
  /** How this machine behaves where it is one of them; what is not said here is as for the others, but for `cwd`. */
  readonly local?: Omit<LocalEnvironmentOptions, "signal" | "inspect"> | undefined;
  /** Gives up reading the configuration. */
  readonly signal?: AbortSignal | undefined;
}

/** Environments, and what shows them if that was asked for; it ends when they are closed. */
export type InspectedEnvironments = Environments & { readonly inspector: Inspector | null };

/**
 * Opens the environments of an orchestrator: those that are given, or that a provider tells once. Default: those of the user, as
 * `environmentsFromHome()` tells them. Those at URLs begin to connect at once; nobody waits for that here.
 * @throws EnvironmentConfigError when the configuration is wrong; then nothing was started. As `connect` when there can be no inspector
 */
export async function openEnvironments(
  from: EnvironmentSnapshot | EnvironmentProvider = environmentsFromHome(),
  options: OpenEnvironmentsOptions = {},
): Promise<InspectedEnvironments> {
  options.signal?.throwIfAborted();
  const snapshot = typeof from === "function" ? await from(options.signal) : from;
  const inspector = await startInspector(options, { side: "client", title: "environments" });
  try {
    return Object.assign(opened(snapshot, options, inspector), { inspector });
  } catch (error) {
    await inspector?.close();
    throw error;
  }
}

function opened(snapshot: EnvironmentSnapshot, options: OpenEnvironmentsOptions, inspector: Inspector | null) {
  const { local, signal: _, inspect: __, cwd, ...rest } = options;
  const shared = { ...rest, watch: inspector?.hub };
  return new Environments(
    snapshot,
    { ...shared, cwd },
    {
      async openLocal(signal, ownedBy) {
        // An executor is much to load for those who only use others.
        const { openLocally } = await import("./local-environment.ts");
        return openLocally({ ...shared, ...local, signal, ownedBy }, () => Promise.resolve());
      },
      afterClose: async () => inspector?.close(),
    },
  );
}
