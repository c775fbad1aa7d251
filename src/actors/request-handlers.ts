import type { RequestTelemetry } from "../ports/telemetry.ts";
import type { ContentAnswer } from "../protocol/content-answer.ts";
import type { Params, RequestName, WireResult } from "../protocol/methods.ts";
import type { OutputPage } from "../protocol/output-page.ts";
import type { FileHandles } from "./file-handles.ts";
import type { HttpExchanges } from "./http-exchanges.ts";
import type { OnDemand } from "./on-demand.ts";
import type { PathOrder } from "./path-order.ts";
import type { ProcessActor } from "./process-actor.ts";
import type { SessionActor } from "./session-actor.ts";
import type { SessionObserver } from "./session-observer.ts";
import type { StreamedOutcome } from "./streamed-outcome.ts";

/** On whose behalf a request runs. */
export interface Caller {
  /** The session that the connection holds. */
  readonly session: SessionActor;
  /** It observes another connection's session, and may only read. */
  readonly observer: SessionObserver | null;
  /** The processes that it can ask for, by id: those of its own session, or of the one that it observes. */
  readonly processes: ReadonlyMap<string, ProcessActor>;
  /** Aborted when the connection ends or loses its session; only waits heed it, what has begun finishes (03 SS-32). */
  readonly signal: AbortSignal;
  /** The order of file operations on this connection (04 F-7). */
  readonly paths: PathOrder;
  /** The files that this connection reads in blocks (04 F-44). */
  readonly files: OnDemand<FileHandles>;
  /** The HTTP exchanges that this connection asked for (06 H-47). */
  readonly exchanges: OnDemand<HttpExchanges>;
}

/** The result of a method as it goes over the wire; output and the content of files are encoded already, and the body of a response may follow. */
export type Outcome<M extends RequestName> = M extends keyof EncodedOutcomes ? EncodedOutcomes[M] : WireResult<M>;

interface EncodedOutcomes {
  readonly "process/read": OutputPage;
  readonly "fs/readFile": ContentAnswer;
  readonly "fs/readBlock": ContentAnswer;
  readonly "http/request": WireResult<"http/request"> | StreamedOutcome;
}

/**
 * Serves one method: decoded params in, its outcome out. Throws an `RpcError` to answer with it;
 * anything else becomes -32603 and disturbs nobody (01 B-8). What it sets in motion reports to `telemetry`, if there is any.
 */
export type RequestHandler<M extends RequestName> = (
  params: Params<M>,
  caller: Caller,
  telemetry?: RequestTelemetry,
) => Outcome<M> | Promise<Outcome<M>>;

/** The methods that change what a connection is, which it serves itself. */
export type ConnectionMethod = "initialize" | "session/observe";

/** The methods an executor serves, besides those; one that is missing does not exist here (-32601). */
export type RequestHandlers = { readonly [M in Exclude<RequestName, ConnectionMethod>]?: RequestHandler<M> };
