import type { InspectionEvent } from "xstate";
import type { ActorWatch } from "../actors/actor-watch.ts";
import { ownSession } from "../actors/entrance.ts";
import { LinkActor } from "../actors/link-actor.ts";
import type { Dial } from "../actors/link-options.ts";
import { throwFault } from "../actors/throw-fault.ts";
import { type Clock, systemClock } from "../ports/clock.ts";
import { type Random, systemRandom } from "../ports/random.ts";
import type { Transport } from "../ports/transport.ts";
import { ProctorError } from "../protocol/errors.ts";
import { dialWebSocket } from "../transports/dial-websocket.ts";
import { redactUrl } from "../transports/redact-url.ts";
import { startStdioCommand } from "../transports/stdio-command-transport.ts";
import { Link } from "./link.ts";
import type { RemotePath } from "./remote-path.ts";

/**
 * Where an executor is: a websocket URL, a command that speaks the protocol on its stdin and stdout, a transport that is open
 * already, or a function that opens one. Links over a URL or a function recover from a lost connection; the others cannot.
 */
export type ConnectTarget =
  | string
  | {
      readonly command: readonly [program: string, ...args: string[]];
      readonly cwd?: string;
      readonly env?: Record<string, string>;
    }
  | { readonly transport: Transport }
  | { readonly dial: Dial };

/** How to connect; every member has a default. */
export interface ConnectOptions {
  /** Where processes run unless told otherwise. Default `/`. */
  readonly cwd?: RemotePath | undefined;
  /** How this client names itself. Default `proctor`. */
  readonly clientName?: string | undefined;
  /** Further headers of the websocket upgrade, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * The longest from the loss of a connection to giving up its session, in milliseconds. Default 25 000 (03
   * `RECOVERY_DEADLINE`). It ends five seconds before the executor would end the session, if that comes earlier: after 25 s
   * with an executor that does not say how long it keeps one.
   */
  readonly recoveryDeadlineMs?: number | undefined;
  /** Gives up the attempt. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Sees every event and transition of every actor. */
  readonly onInspection?: ((event: InspectionEvent) => void) | undefined;
  /** Hears of every actor, such as the hub of an inspector. */
  readonly watch?: ActorWatch | undefined;
  /** Hears of a fault inside Proctor itself. Default: it is thrown as an uncaught exception, since it is a bug. */
  readonly onFault?: ((error: unknown) => void) | undefined;
}

/**
 * Connects to an executor and begins a session there. Resolves when it can be used.
 * @throws LinkFailedError when the executor is not reached or does not shake hands in time; the signal's reason when the
 *   attempt is given up.
 */
export function connect(target: ConnectTarget, options: ConnectOptions = {}): Promise<Link> {
  return openLink(target, options, () => Promise.resolve());
}

/** As `connect`, with something to be done when the link has closed, or could not be opened. */
export async function openLink(
  target: ConnectTarget,
  options: ConnectOptions,
  afterClose: () => Promise<void>,
): Promise<Link> {
  options.signal?.throwIfAborted();
  const ports = {
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    onInspection: options.onInspection,
    watch: options.watch,
    onFault: options.onFault ?? throwFault,
    cwd: options.cwd ?? "/",
    afterClose,
  };
  const actor = new LinkActor({
    ...ports,
    place: placeOf(target),
    dial: dialFor(target, options, ports.clock),
    canReconnect: canReconnect(target),
    longestRecoveryMs: options.recoveryDeadlineMs ?? 25_000,
    entrance: ownSession(options.clientName ?? "proctor"),
  });
  try {
    await connected(actor, options.signal);
  } catch (error) {
    await afterClose();
    throw error;
  }
  return new Link(actor, ports);
}

/** Resolves when a link is connected; an aborted attempt closes it, and rejects with the signal's reason. */
export async function connected(actor: LinkActor, signal: AbortSignal | undefined): Promise<void> {
  const abort = () => void actor.close();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await actor.connected();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Can a lost connection to it be replaced? */
export function canReconnect(target: ConnectTarget): boolean {
  return typeof target === "string" || "dial" in target;
}

/** A target in words, without what could be secret. */
export function placeOf(target: ConnectTarget): string {
  if (typeof target === "string") return redactUrl(target);
  if ("command" in target) return `command ${target.command[0]}`;
  return "transport" in target ? target.transport.kind : "a connection of the program's own";
}

/** How a target is reached, each time anew. */
export function dialFor(target: ConnectTarget, { headers }: ConnectOptions, clock: Clock): Dial {
  if (typeof target === "string") {
    if (!/^wss?:/.test(target)) throw new ProctorError("target", `not a websocket URL: ${redactUrl(target)}`);
    return (signal) => dialWebSocket(target, { clock, signal, headers });
  }
  if ("dial" in target) return target.dial;
  if ("transport" in target) return () => Promise.resolve(target.transport);
  return () => startStdioCommand({ ...target, clock });
}
