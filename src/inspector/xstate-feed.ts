import type { WebSocket } from "ws";
import type { AnyEventObject } from "xstate";
import { machines, toJson } from "../machines/index.ts";
import { viewerLimits } from "./feed-viewer.ts";
import type { HubListener } from "./hub.ts";
import type { Observatory } from "./observatory.ts";
import { redactJson, redactText } from "./redaction.ts";
import type { WatchedActor } from "./watched-actor.ts";

/** The version of the vocabulary, as other inspectors know it. */
const vocabulary = "0.7.1";

/**
 * Tells everything in the vocabulary of XState's own inspection, as the packages of Stately send it: `@xstate.actor`, `@xstate.event` and
 * `@xstate.snapshot`, each a JSON text message, for other inspectors. What exists comes first. Live only: there is no history, and
 * whoever reads too slowly is cut off.
 */
export class XStateFeed implements HubListener {
  readonly #socket: WebSocket;
  readonly #observatory: Observatory;
  readonly #definitions = new Map<string, string>();

  constructor(socket: WebSocket, observatory: Observatory) {
    this.#socket = socket;
    this.#observatory = observatory;
    const listening = observatory.hub.listen(this);
    socket.on("close", () => listening[Symbol.dispose]());
    socket.on("error", () => socket.terminate());
    for (const actor of observatory.hub.actors) this.created(actor);
  }

  created(actor: WatchedActor): void {
    this.#send(actor, {
      type: "@xstate.actor",
      name: redactText(actor.ref.id),
      parentId: actor.owner === null ? undefined : idOf(actor.owner),
      definition: this.#definitionOf(actor),
      snapshot: snapshotOf(actor),
    });
  }

  transitioned(actor: WatchedActor, event: AnyEventObject): void {
    const heard = redactJson(event);
    this.#send(actor, { type: "@xstate.event", event: heard, sourceId: undefined });
    this.#send(actor, { type: "@xstate.snapshot", event: heard, snapshot: snapshotOf(actor) });
  }

  /** Its last snapshot has told that it is done. */
  departed(): void {}

  #send(actor: WatchedActor, message: object): void {
    if (this.#socket.bufferedAmount > viewerLimits.queuedBytes) return this.#socket.terminate();
    const { clock } = this.#observatory.hub;
    const sessionId = idOf(actor.number);
    const createdAt = String(Math.round(clock.wallNow?.() ?? clock.now()));
    this.#socket.send(
      JSON.stringify({ ...message, sessionId, rootId: sessionId, id: sessionId, createdAt, _version: vocabulary }),
    );
  }

  #definitionOf({ machine }: WatchedActor): string {
    const known = this.#definitions.get(machine);
    if (known !== undefined) return known;
    const definition = JSON.stringify(toJson(machines[machine]));
    this.#definitions.set(machine, definition);
    return definition;
  }
}

function idOf(number: number): string {
  return `proctor:${number}`;
}

function snapshotOf({ snapshot }: WatchedActor): object {
  const { status, value, context } = snapshot;
  return { status, value, context: redactJson(context) };
}
