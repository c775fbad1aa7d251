import type { InspectionEvent } from "xstate";
import type { ActorWatch } from "../actors/actor-watch.ts";
import { ownSession } from "../actors/entrance.ts";
import { LinkActor } from "../actors/link-actor.ts";
import type { Dial, LinkOptions } from "../actors/link-options.ts";
import { throwFault } from "../actors/throw-fault.ts";
import type { LinkInput } from "../machines/link-context.ts";
import { type Clock, longestTimerMs, systemClock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { type Random, systemRandom } from "../ports/random.ts";
import type { Transport } from "../ports/transport.ts";
import { ProctorError } from "../protocol/errors.ts";
import { linkTelemetry } from "../telemetry/link-telemetry.ts";
import type { TelemetryOptions } from "../telemetry/telemetry-options.ts";
import { dialWebSocket } from "../transports/dial-websocket.ts";
import { redactUrl } from "../transports/redact-url.ts";
import { startStdioCommand } from "../transports/stdio-command-transport.ts";
import type { Lane } from "./http-lanes.ts";
import { Link } from "./link.ts";
import type { UnsupportedRedirect } from "./remote-fetch.ts";
import type { RemotePath } from "./remote-path.ts";
import { type ConnectProvider, dialProvided } from "./url-provider.ts";

/**
 * Where an executor is: a websocket URL, a command that speaks the protocol on its stdin and stdout, a transport that is open
 * already, a function that opens one, or a function that gives the URL of each dial. Links over a URL or a function recover from a lost connection; the others cannot.
 */
export type ConnectTarget =
  | string
  | {
      readonly command: readonly [program: string, ...args: string[]];
      readonly cwd?: string;
      readonly env?: Record<string, string>;
    }
  | { readonly transport: Transport }
  | { readonly dial: Dial }
  | { readonly provider: ConnectProvider };

/** How to connect; every member has a default. */
export interface ConnectOptions {
  /** Where processes run unless told otherwise. Default `/`. */
  readonly cwd?: RemotePath | undefined;
  /** How this client names itself. Default `proctor`. */
  readonly clientName?: string | undefined;
  /** Bound on TCP, TLS and the upgrade, of the first connection and of every later one, in milliseconds (07 E-17). Default 10 s, later 4 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** The same for the handshake on it. Default 10 s, later 5 s. */
  readonly initializeTimeoutMs?: number | undefined;
  /** Further headers of the websocket upgrade, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * The longest from the loss of a connection to giving up its session, in milliseconds. Default 25 000 (03
   * `RECOVERY_DEADLINE`). It ends five seconds before the executor would end the session, if that comes earlier: after 25 s
   * with an executor that does not say how long it keeps one.
   */
  readonly recoveryDeadlineMs?: number | undefined;
  /**
   * What `fetch` does with `redirect: "manual"` and `"error"` on an executor that follows redirects by itself and cannot be told
   * otherwise, as the reference's: `follow` (the default) lets it, with one warning of the program (`process.emitWarning`);
   * `reject` refuses such calls with an UnsupportedError before anything is sent (06 F-8).
   */
  readonly unsupportedRedirect?: UnsupportedRedirect | undefined;
  /**
   * How many further connections `fetch` may open to an executor that handles one request after the other, as the reference's: one for
   * each exchange at a time, so that an origin that takes its time delays nothing else. More exchanges wait. Default 8; 0 lets HTTP
   * share the connection, as it does on every Proctor executor, and over anything but a URL or a `dial` (06 H-58).
   */
  readonly httpLanes?: number | undefined;
  /**
   * Answers what a reference executor sends with an unasked websocket pong, since it holds small packets back until the one before is
   * acknowledged: an echo comes back in less than a millisecond instead of 44 (06 H-52). Default true.
   */
  readonly quickAcks?: boolean | undefined;
  /** Gives up the attempt. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Sees every event and transition of every actor. */
  readonly onInspection?: ((event: InspectionEvent) => void) | undefined;
  /** Hears of every actor, such as the hub of an inspector. */
  readonly watch?: ActorWatch | undefined;
  /** Where it tells what becomes of the connection. Default: it is silent. */
  readonly logger?: Logger | undefined;
  /**
   * Traces and metrics, which go where the OpenTelemetry SDK sends them that the program has registered before (07 section 13);
   * `false`: none. Without an SDK there are none, and nothing is done.
   */
  readonly telemetry?: TelemetryOptions | false | undefined;
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
  options: ConnectOptions & DialOptions & { readonly ownedBy?: object | undefined },
  afterClose: () => Promise<void>,
): Promise<Link> {
  options.signal?.throwIfAborted();
  const clock = options.clock ?? systemClock;
  const input = linkInput(target, options);
  const most = input.canReconnect ? (options.httpLanes ?? (input.retryPace === "provided" ? 2 : 8)) : 0;
  const shared = {
    ...input,
    clock,
    random: options.random ?? systemRandom,
    onInspection: options.onInspection,
    watch: options.watch,
    ownedBy: options.ownedBy,
    onFault: options.onFault ?? throwFault,
    quickAcks: options.quickAcks,
    telemetry: linkTelemetry(clock, options),
    place: placeOf(target),
    entrance: ownSession(options.clientName ?? "proctor"),
  };
  const dial = dialFor(target, options, clock);
  const ports = {
    ...shared,
    cwd: options.cwd ?? "/",
    unsupportedRedirect: options.unsupportedRedirect ?? "follow",
    lanes: most === 0 ? null : { clock, most, open: (signal?: AbortSignal) => openLane(dial, shared, signal) },
    afterClose,
  };
  const actor = new LinkActor({ ...shared, dial });
  shared.telemetry?.follow(actor.state$);
  try {
    await connected(actor, options.signal);
  } catch (error) {
    await afterClose();
    throw error;
  }
  return new Link(actor, ports);
}

/** A connection beside that of a link, to the same executor; it is not replaced when it is lost. */
async function openLane(dial: Dial, shared: Omit<LinkOptions, "dial">, signal: AbortSignal | undefined): Promise<Lane> {
  let transport: Transport | null = null;
  const link = new LinkActor({
    ...shared,
    dial: async (gaveUp) => {
      transport = await dial(gaveUp);
      return transport;
    },
    canReconnect: false,
  });
  await connected(link, signal);
  return { link, drop: () => transport?.destroy() };
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

/** What the machine of a link to this target needs to know. */
export function linkInput(target: ConnectTarget, options: ConnectOptions): LinkInput {
  const isProvided = typeof target !== "string" && "provider" in target;
  return {
    canReconnect: typeof target === "string" || "dial" in target || isProvided,
    longestRecoveryMs: options.recoveryDeadlineMs ?? 25_000,
    connectTimeoutMs: timer(options.connectTimeoutMs),
    initializeTimeoutMs: timer(options.initializeTimeoutMs),
    retryPace: isProvided ? "provided" : "direct",
  };
}

/** No timer waits longer than 24 days. */
function timer(timeoutMs: number | undefined): number | undefined {
  return timeoutMs === undefined ? undefined : Math.min(timeoutMs, longestTimerMs);
}

/** What matters to a dial. */
export interface DialOptions extends Pick<ConnectOptions, "headers" | "connectTimeoutMs"> {
  /** What the first connection is for, as a provider of URLs is told. Default `start`. */
  readonly purpose?: "start" | "reopen" | undefined;
}

/** A target in words, without what could be secret. */
export function placeOf(target: ConnectTarget): string {
  if (typeof target === "string") return redactUrl(target);
  if ("command" in target) return `command ${target.command[0]}`;
  if ("provider" in target) return "a URL for each connection";
  return "transport" in target ? target.transport.kind : "a connection of the program's own";
}

/** How a target is reached, each time anew. */
export function dialFor(target: ConnectTarget, options: DialOptions, clock: Clock): Dial {
  const { headers, purpose = "start" } = options;
  const timeoutMs = timer(options.connectTimeoutMs);
  if (typeof target === "string") {
    if (!/^wss?:/.test(target)) throw new ProctorError("target", `not a websocket URL: ${redactUrl(target)}`);
    return (signal) => dialWebSocket(target, { clock, signal, headers, timeoutMs, isFixedUrl: true });
  }
  if ("provider" in target) return dialProvided(target.provider, { clock, purpose, timeoutMs });
  if ("dial" in target) return target.dial;
  if ("transport" in target) return () => Promise.resolve(target.transport);
  return () => startStdioCommand({ ...target, clock });
}
