import type { ConnectionActor } from "../actors/connection-actor.ts";
import type { SessionActor } from "../actors/session-actor.ts";
import type { ExecutorCensus } from "../ports/telemetry.ts";

/** Counts what an executor has. */
export function takeCensus(
  connections: Iterable<ConnectionActor>,
  sessions: ReadonlyMap<string, SessionActor>,
): ExecutorCensus {
  const kinds = { websocket: 0, stdio: 0, memory: 0 };
  const holds = { attached: 0, detached: 0 };
  let [processes, exchanges, queuedBytes] = [0, 0, 0];
  for (const connection of connections) {
    kinds[connection.transportKind] += 1;
    exchanges += connection.exchanges;
    queuedBytes += connection.queuedBytes;
  }
  for (const session of sessions.values()) {
    holds[session.snapshot.hasTag("attached") ? "attached" : "detached"] += 1;
    for (const process of session.processes.values()) if (process.isRunning) processes += 1;
  }
  return { connections: kinds, sessions: holds, processes, exchanges, queuedBytes };
}
