import type { LinkActor } from "../actors/link-actor.ts";
import { DisconnectedError, LinkFailedError, UnsupportedError } from "../actors/link-errors.ts";
import { RemoteBody, type RemoteBodyOwner } from "../actors/remote-body.ts";
import type { RemoteProcessPorts } from "../actors/remote-process-options.ts";
import type { Random } from "../ports/random.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import type { Result, WireParams } from "../protocol/methods.ts";
import { responseOf } from "./fetch-response.ts";
import type { HttpWay } from "./http-way.ts";
import type { HttpWays } from "./http-ways.ts";
import { requestBody } from "./request-body.ts";

/** What `link.fetch` takes beyond the standard. */
export interface FetchInit extends RequestInit {
  /** A deadline of the whole exchange, its body included, kept by the executor. */
  readonly timeoutMs?: number | undefined;
  /**
   * Headers whose values end with what a variable of the executor holds, such as a token that never leaves its host:
   * `{ authorization: { prefix: "Bearer ", variable: "API_TOKEN" } }`. They replace other headers of their names. Needs the
   * extension `httpHeaderEnvVars`; a variable that is not set fails the fetch, with an RpcError `invalidParams` as its cause.
   */
  readonly executorHeaders?: Readonly<Record<string, ExecutorHeader>> | undefined;
}

/** A header that the executor completes. */
export interface ExecutorHeader {
  /** Stands before what the variable holds. Default: nothing. */
  readonly prefix?: string | undefined;
  readonly variable: string;
}

/** A WHATWG fetch that leaves from the executor's network. It needs no `this`, and fits wherever a fetch is asked for. */
export type RemoteFetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>;

/** What becomes of a redirect that an executor cannot be asked to stop at. */
export type UnsupportedRedirect = "follow" | "reject";

/** What a fetch needs besides its link. */
export interface FetchPorts extends RemoteProcessPorts {
  readonly random: Random;
  readonly unsupportedRedirect: UnsupportedRedirect;
}

/** Makes the fetch of a link. */
export function remoteFetch(link: LinkActor, ways: HttpWays, ports: FetchPorts): RemoteFetch {
  let made = 0;
  let hasWarned = false;
  /** Can redirects be left to the caller? @throws UnsupportedError where that is asked for and cannot be (06 F-8) */
  const stopsAtRedirects = ({ redirect }: Request): boolean => {
    if (redirect === "follow" || link.offers("httpRedirects")) return redirect !== "follow";
    if (ports.unsupportedRedirect === "reject") link.require("httpRedirects");
    if (!hasWarned) {
      process.emitWarning(`this executor follows redirects, though "${redirect}" was asked for`, {
        code: "PROCTOR_REDIRECT_FOLLOWED",
      });
    }
    hasWarned = true;
    return false;
  };
  return async (input, init) => {
    const request = new Request(input, init);
    // Not that of the request, which follows this one only as long as somebody holds the request.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    signal?.throwIfAborted();
    const bytes = await requestBody(request, signal);
    const stops = stopsAtRedirects(request);
    const headers = headersOf(request, init?.executorHeaders ?? {});
    if (headers.some(({ valueEnvVar }) => valueEnvVar !== undefined)) link.require("httpHeaderEnvVars");
    made += 1;
    const requestId = `http-${made}-${ports.random.uuid().slice(0, 8)}`;
    const way = await ways.take(signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new TypeError("fetch failed", { cause: error });
    });
    const body = new RemoteBody(requestId, ownerOver(way, ports.onFault), signal, { ...ports, ownedBy: link });
    try {
      const head = await way.link.call(
        "http/request",
        {
          requestId,
          method: request.method,
          url: withoutFragment(request.url),
          headers,
          bodyBase64: bytes === null ? null : encodeBase64(bytes),
          streamResponse: true,
          ...(init?.timeoutMs === undefined ? {} : { timeoutMs: Math.ceil(init.timeoutMs) }),
          ...(stops ? { redirectPolicy: "stop" as const } : {}),
        },
        { signal, onAnswer: () => body.headReceived() },
      );
      refuse(head, request);
      return responseOf(head, request, body.readable);
    } catch (error) {
      body.abandon(signal?.aborted === true || error instanceof TypeError);
      if (signal?.aborted === true || error instanceof UnsupportedError || error instanceof TypeError) throw error;
      // A lane that has failed is a connection that was lost: the link itself stands, or recovers.
      const isLane = way.link !== link && error instanceof LinkFailedError;
      throw new TypeError("fetch failed", { cause: isLane ? new DisconnectedError("http/request") : error });
    }
  };
}

function ownerOver(way: HttpWay, onFault: (error: unknown) => void): RemoteBodyOwner {
  const { link } = way;
  return {
    add: (requestId, follower) => link.bodies.add(requestId, follower),
    remove: (requestId) => {
      link.bodies.remove(requestId);
      way.over();
    },
    hold: (holder) => link.hold(holder),
    release: (holder) => link.release(holder),
    cancel: (requestId) => way.cancel(requestId),
    fault: onFault,
  };
}

type RequestHeader = NonNullable<WireParams<"http/request">["headers"]>[number];

function headersOf(request: Request, completed: Readonly<Record<string, ExecutorHeader>>): RequestHeader[] {
  const byExecutor = Object.entries(completed).map(([name, { prefix = "", variable }]) => {
    return { name: name.toLowerCase(), value: prefix, valueEnvVar: variable };
  });
  const own = [...request.headers].filter(([name]) => !byExecutor.some((header) => header.name === name));
  return [...own.map(([name, value]) => ({ name, value: textOf(value) })), ...byExecutor];
}

/** Responses that a `Response` cannot be, or must not. */
function refuse({ status, headers }: Result<"http/request">, { redirect }: Request): void {
  if (status < 200 || status > 599) {
    throw new TypeError("fetch failed", { cause: new RangeError(`a response cannot have the status ${status}`) });
  }
  const leads = [301, 302, 303, 307, 308].includes(status) && headers.some(({ name }) => name === "location");
  if (redirect === "error" && leads) throw new TypeError("fetch failed", { cause: new Error("unexpected redirect") });
}

function withoutFragment(url: string): string {
  const hash = url.indexOf("#");
  return hash < 0 ? url : url.slice(0, hash);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The value of a header is bytes to `Headers`, and text on this wire, which leaves as UTF-8. So what is UTF-8 arrives byte for byte;
 * other bytes above 127 leave as two.
 */
function textOf(value: string): string {
  if (!/[\x80-\xff]/.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, "latin1"));
  } catch (error) {
    if (error instanceof TypeError) return value;
    throw error;
  }
}
