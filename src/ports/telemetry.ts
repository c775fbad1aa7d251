import type { RpcError } from "../protocol/errors.ts";
import type { TraceContext } from "../protocol/trace-context.ts";
import type { HttpHeader } from "./http-host.ts";
import type { Transport, TransportEnd } from "./transport.ts";

/**
 * Who wants to know what an executor does: its traces, its metrics, its log (07 section 13). What entities tell it are facts, a few
 * in the life of each. Absent where nobody wants to know, so that it costs nothing. Nothing here throws, waits or has an effect.
 */
export interface ExecutorTelemetry {
  /** A connection has come. */
  connection(connectionId: string, transport: Transport): ConnectionTelemetry;
  /** A connection has begun a session. */
  session(sessionId: string, connectionId: string): SessionTelemetry;
  /** The executor has stopped. */
  stopped(): void;
}

/** What an executor has at a moment; counted when somebody collects it, and at no other time. */
export interface ExecutorCensus {
  /** By the kind of their transport. */
  readonly connections: Readonly<Record<Transport["kind"], number>>;
  readonly sessions: { readonly attached: number; readonly detached: number };
  /** Processes that run. */
  readonly processes: number;
  /** HTTP exchanges under way. */
  readonly exchanges: number;
  /** What waits for peers that read slowly. */
  readonly queuedBytes: number;
}

/** Hears of one connection of an executor. */
export interface ConnectionTelemetry {
  /** A request came. @param method `null`: one that does not exist, whose name may be anything */
  request(method: string | null, trace: TraceContext | null | undefined): RequestTelemetry;
  /** A message could not be understood. */
  malformed(detail: string): void;
  /** We end it; from now on nobody gets an answer. */
  ending(end: TransportEnd): void;
  /** It is gone. */
  ended(end: TransportEnd): void;
}

/** Hears of one request, which has one of these ends, and of what it sets in motion. */
export interface RequestTelemetry {
  /** The result is on its way. */
  answered(): void;
  /** The error is on its way. */
  refused(error: RpcError): void;
  /** It starts a process. */
  process(processId: string): ProcessTelemetry;
  /** It makes an exchange with an origin. */
  exchange(method: string, url: URL): ExchangeTelemetry;
}

/** Hears of one session. */
export interface SessionTelemetry {
  /** A connection has resumed it. */
  attached(connectionId: string): void;
  /** Its connection is gone. */
  detached(): void;
  /** It is over, and all that it owned. */
  ended(): void;
}

/** Hears of one process; exactly one of `failed`, `exited` and `dropped` is told first and counts (07 E-47). */
export interface ProcessTelemetry {
  /** The OS has started it. */
  started(pid: number): void;
  /** It could not be started. */
  failed(error: unknown): void;
  /** @param isTerminated its end was asked for before it exited */
  exited(exitCode: number, isTerminated: boolean): void;
  /** Its record goes. @param isTerminated its end was asked for, and its exit has not been seen */
  dropped(isTerminated: boolean): void;
}

/** Hears of one exchange with an origin; one of `completed` and `failed` is its end. */
export interface ExchangeTelemetry {
  /** What goes out instead of the caller's headers: the trace goes on at the origin (06 H-55). */
  headers(headers: readonly HttpHeader[]): readonly HttpHeader[];
  /** The final response has begun. */
  responded(status: number): void;
  /** Bytes of a body have passed. */
  passed(direction: "request" | "response", bytes: number): void;
  completed(): void;
  /** @param trouble a name out of a small set */
  failed(trouble: string): void;
}

/** Who wants to know what a link does; absent where nobody does. */
export interface LinkTelemetry {
  /** A call begins. */
  call(method: string, params: unknown): CallTelemetry | undefined;
  /** A process is to be started; calls about it belong to its life. */
  process(processId: string): RemoteProcessTelemetry | undefined;
}

/** Hears of one call of a link. */
export interface CallTelemetry {
  /** What goes along with the request, to an executor that takes it. */
  readonly trace: TraceContext | null;
  answered(): void;
  failed(error: unknown): void;
}

/** Hears of a process from the side of its orchestrator, once. */
export interface RemoteProcessTelemetry {
  exited(exitCode: number): void;
  failed(error: unknown): void;
}
