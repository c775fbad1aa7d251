import type { ActorWatch } from "./actors/actor-watch.ts";
import { openLink } from "./client/connect.ts";
import type { Link } from "./client/link.ts";
import { type ConnectOptions, type InspectedLink, inspected } from "./connect.ts";
import { Executor, type ExecutorOptions } from "./executor/executor.ts";
import { nodeHost } from "./executor/node-host.ts";
import { startInspector } from "./inspection.ts";
import type { Host } from "./ports/host.ts";
import { memoryTransportPair } from "./transports/memory-transport.ts";

/** How a local environment behaves; every member has a default. */
export interface LocalEnvironmentOptions
  extends Omit<ConnectOptions, "headers">,
    Pick<ExecutorOptions, "sessionTtlMs" | "output"> {
  /** What it runs things on, given over to the executor. Default: this machine. */
  readonly host?: Host | undefined;
}

/**
 * This machine with the interface of a remote one, and no server at all: the executor lives in this program and is
 * reached through memory. Closing the link ends the executor and all its processes. Processes run in the present directory
 * unless told otherwise.
 */
export async function localEnvironment(options: LocalEnvironmentOptions = {}): Promise<InspectedLink> {
  const inspector = await startInspector(options, { side: "executor", title: "local environment" });
  // Last, so that it has seen the end.
  const afterClose = async () => inspector?.close();
  return inspected(inspector, openLocally({ ...options, watch: inspector?.hub }, afterClose));
}

/** As `localEnvironment`, for somebody who watches already, with something to be done when it has closed. */
export async function openLocally(
  options: Omit<LocalEnvironmentOptions, "inspect"> & {
    readonly watch: ActorWatch | undefined;
    readonly ownedBy?: object | undefined;
  },
  afterClose: () => Promise<void>,
): Promise<Link> {
  const executor = new Executor(options.host ?? nodeHost(options.clock), options);
  const [transport, executorEnd] = memoryTransportPair();
  void executor.accept(executorEnd);
  return openLink({ transport }, { cwd: process.cwd(), ...options }, async () => {
    await executor.close();
    await afterClose();
  });
}
