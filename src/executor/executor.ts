import type { InspectionEvent } from "xstate";
import type { ActorSystemPorts } from "../actors/actor-owners.ts";
import type { ActorWatch } from "../actors/actor-watch.ts";
import { ConnectionActor } from "../actors/connection-actor.ts";
import { FileHelpers } from "../actors/file-helpers.ts";
import { defaultOutputLogLimits } from "../actors/output-log.ts";
import type { RequestHandlers } from "../actors/request-handlers.ts";
import { SessionRegistry } from "../actors/session-registry.ts";
import { SpillBudget } from "../actors/spill-budget.ts";
import { throwFault } from "../actors/throw-fault.ts";
import { type Clock, longestTimerMs, systemClock } from "../ports/clock.ts";
import type { Host } from "../ports/host.ts";
import type { Logger } from "../ports/logger.ts";
import { type Random, systemRandom } from "../ports/random.ts";
import type { ExecutorTelemetry } from "../ports/telemetry.ts";
import type { Transport, TransportEnd } from "../ports/transport.ts";
import { features, type Offer } from "../protocol/extensions.ts";
import { executorTelemetry } from "../telemetry/executor-telemetry.ts";
import type { TelemetryOptions } from "../telemetry/telemetry-options.ts";
import { takeCensus } from "./census.ts";
import { FrameMemory } from "./frame-memory.ts";
import { blockRequests } from "./requests/block-requests.ts";
import { fileConfiner } from "./requests/file-confinement.ts";
import { fileRequests } from "./requests/file-requests.ts";
import { type HttpRequestOptions, httpRequests } from "./requests/http-requests.ts";
import { processRequests } from "./requests/process-requests.ts";
import { sessionRequests } from "./requests/session-requests.ts";

/** What is kept of the output of processes (03 D-2); every member has a default. */
export interface OutputRetention {
  /**
   * In memory, per process, in bytes, at least 1 MiB. Default 16 MiB: more than can be on its way to a client. What a lost
   * connection had swallowed beyond this is lost.
   */
  readonly memoryBytes?: number | undefined;
  /** On disk, per session, for what clients miss during an outage. Default 256 MiB. */
  readonly spillBytesPerSession?: number | undefined;
  /** On disk, all sessions together. Default 1 GiB. */
  readonly spillBytes?: number | undefined;
  /** When all of it is full during an outage: hold the child back (the default), or let the oldest go. */
  readonly whenFull?: "block" | "newest" | undefined;
}

/** How an executor behaves; every member has a default. */
export interface ExecutorOptions {
  /** How long a session outlives its connection, in milliseconds, at most 2^31-1. Default 30 000 (03 `SESSION_TTL`). */
  readonly sessionTtlMs?: number | undefined;
  /** What is kept of the output of processes, and where. */
  readonly output?: OutputRetention | undefined;
  /** Bounds of the HTTP requests that are made from here. */
  readonly http?: HttpRequestOptions | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Sees every event and transition of every actor. */
  readonly onInspection?: ((event: InspectionEvent) => void) | undefined;
  /** Hears of every actor, such as the hub of an inspector. */
  readonly watch?: ActorWatch | undefined;
  /** Where it tells its operator what happens. Default: it is silent. */
  readonly logger?: Logger | undefined;
  /**
   * Traces and metrics, which go where the OpenTelemetry SDK sends them that the program has registered before (07 section 13);
   * `false`: none. Without an SDK there are none, and nothing is done.
   */
  readonly telemetry?: TelemetryOptions | false | undefined;
  /** Hears of a fault inside Proctor itself. Default: it is thrown as an uncaught exception, since it is a bug. */
  readonly onFault?: ((error: unknown) => void) | undefined;
  /**
   * Hears of a part of the journal that cannot be read or written, which costs a session or a process its life beyond this
   * executor and nothing else. Default: a warning of the program (`process.emitWarning`).
   */
  readonly onJournalError?: ((error: unknown) => void) | undefined;
}

/**
 * Runs processes and serves files of one host to any number of connections. It listens to nothing itself: whoever has a
 * transport hands it over with `accept`.
 */
export class Executor implements AsyncDisposable {
  readonly #host: Host;
  readonly #ports: ActorSystemPorts & { readonly random: Random };
  readonly #registry: SessionRegistry;
  readonly #connections = new Set<ConnectionActor>();
  readonly #handlers: RequestHandlers;
  readonly #offer: Offer;
  readonly #memory: FrameMemory;
  readonly #fileHelpers: FileHelpers | null;
  readonly #telemetry: ExecutorTelemetry | undefined;
  readonly #fault: (error: unknown) => void;
  #closing: Promise<void> | null = null;

  /** @param host belongs to the executor from now on, and is disposed of when it is closed */
  constructor(host: Host, options: ExecutorOptions = {}) {
    this.#host = host;
    this.#fault = options.onFault ?? throwFault;
    this.#ports = {
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
      onInspection: options.onInspection,
      watch: options.watch,
    };
    this.#telemetry = executorTelemetry({
      ...options,
      clock: this.#ports.clock,
      census: () => takeCensus(this.#connections, this.#registry.sessions),
    });
    const sessionTtlMs = checkedTtl(options.sessionTtlMs ?? 30_000);
    this.#offer = { v: 1, sessionTtlMs, features: [...features] };
    this.#memory = new FrameMemory(this.#ports.clock);
    this.#registry = new SessionRegistry(
      {
        ...this.#ports,
        host: host.processes,
        memory: this.#memory,
        sessionTtlMs,
        spill: host.spill,
        journal: host.journal,
        telemetry: this.#telemetry,
        ...retention(options.output ?? {}),
      },
      this.#fault,
      options.onJournalError ?? ((error) => process.emitWarning(error instanceof Error ? error : String(error))),
    );
    this.#fileHelpers =
      host.fileHelpers === undefined ? null : new FileHelpers(host.fileHelpers, this.#ports, this.#fault);
    const confiner = fileConfiner(host, this.#fileHelpers);
    this.#handlers = {
      "environment/info": () => host.info(),
      ...processRequests(host),
      ...fileRequests(host.files, confiner, this.#memory),
      ...blockRequests(host.files, confiner, this.#memory),
      ...httpRequests(host, options.http),
      ...sessionRequests(),
    };
  }

  /** What is there now: for diagnostics and tests. */
  get counts(): { readonly connections: number; readonly sessions: number; readonly processes: number } {
    let processes = 0;
    for (const session of this.#registry.sessions.values()) processes += session.processes.size;
    return { connections: this.#connections.size, sessions: this.#registry.sessions.size, processes };
  }

  /** Closed processes that are kept however long it takes, since their client may not know of the end (03 D-3). */
  get waitingResults(): number {
    let waiting = 0;
    for (const session of this.#registry.sessions.values()) waiting += session.waitingResults;
    return waiting;
  }

  /** Serves a connection until it ends, and tells how it did. */
  async accept(transport: Transport): Promise<TransportEnd> {
    if (this.#closing !== null) {
      transport.destroy();
      return { code: 1001, reason: "the executor is shutting down" };
    }
    const connection = new ConnectionActor(
      this.#ports.random.uuid(),
      transport,
      {
        handlers: this.#handlers,
        offer: this.#offer,
        telemetry: this.#telemetry,
        attach: (resumeSessionId, holder) => this.#registry.attach(resumeSessionId, holder),
        observe: (observerKey, observing) => this.#registry.observe(observerKey, observing),
        forget: (gone) => void this.#connections.delete(gone),
        fault: this.#fault,
      },
      this.#ports,
    );
    this.#connections.add(connection);
    return connection.ended;
  }

  /**
   * Stops: closes every connection in order, asks every process group to end, kills what does not (03 SS-66). Resolves when
   * no child is left. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Every connection has let go of its session when its shutdown is asked for; no child waits for a peer to say goodbye.
    const connections = [...this.#connections].map((connection) => connection.shutdown());
    await Promise.all([...connections, this.#registry.shutdown(), this.#fileHelpers?.close()]);
    this.#memory[Symbol.dispose]();
    this.#telemetry?.stopped();
    this.#host[Symbol.dispose]?.();
  }
}

/** A timer above 2^31-1 ms would fire at once, and end every session with its connection. */
function checkedTtl(ttlMs: number): number {
  if (ttlMs >= 0 && ttlMs <= longestTimerMs) return ttlMs;
  throw new RangeError(`sessionTtlMs must be from 0 to ${longestTimerMs}, not ${ttlMs}`);
}

const MIB = 1024 * 1024;

function retention(options: OutputRetention) {
  const {
    memoryBytes = 16 * MIB,
    spillBytesPerSession = 256 * MIB,
    spillBytes = 1024 * MIB,
    whenFull = "block",
  } = options;
  if (memoryBytes < MIB) throw new RangeError(`output.memoryBytes must be at least ${MIB}, not ${memoryBytes}`);
  return {
    outputLog: { ...defaultOutputLogLimits, memoryBytes, whenFull },
    spillBytesPerSession,
    spillBudget: new SpillBudget(spillBytes),
  };
}
