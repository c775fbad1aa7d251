import { type ConnectTarget, openLink, type ConnectOptions as PlainConnectOptions, placeOf } from "./client/connect.ts";
import type { Link } from "./client/link.ts";
import { type Inspectable, startInspector } from "./inspection.ts";
import type { Inspector } from "./inspector/inspector.ts";

/** How to connect; every member has a default. */
export interface ConnectOptions extends Omit<PlainConnectOptions, "watch">, Inspectable {}

/** A link, and what shows it if that was asked for; it ends when the link is closed. */
export type InspectedLink = Link & { readonly inspector: Inspector | null };

/** A link together with what shows it; where there is no link, nothing shows it. */
export async function inspected(inspector: Inspector | null, opening: Promise<Link>): Promise<InspectedLink> {
  try {
    return Object.assign(await opening, { inspector });
  } catch (error) {
    await inspector?.close();
    throw error;
  }
}

/**
 * Connects to an executor and begins a session there. Resolves when it can be used.
 * @throws LinkFailedError when the executor is not reached or does not shake hands in time; the signal's reason when the
 *   attempt is given up; ListenError when the inspector's address cannot be bound, RecordingError when a recording cannot be
 *   written.
 */
export async function connect(target: ConnectTarget, options: ConnectOptions = {}): Promise<InspectedLink> {
  options.signal?.throwIfAborted();
  const inspector = await startInspector(options, { side: "client", title: `link to ${placeOf(target)}` });
  return inspected(
    inspector,
    openLink(target, { ...options, watch: inspector?.hub }, async () => inspector?.close()),
  );
}
