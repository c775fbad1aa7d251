import type { LinkActor } from "../actors/link-actor.ts";
import { UnsupportedError } from "../actors/link-errors.ts";
import { RemoteBody, type RemoteBodyOwner } from "../actors/remote-body.ts";
import type { RemoteProcessPorts } from "../actors/remote-process-options.ts";
import type { Random } from "../ports/random.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import type { Result } from "../protocol/methods.ts";
import { responseOf } from "./fetch-response.ts";

/** What `link.fetch` takes beyond the standard. */
export interface FetchInit extends RequestInit {
  /** A deadline of the whole exchange, its body included, kept by the executor. */
  readonly timeoutMs?: number | undefined;
}

/** A WHATWG fetch that leaves from the executor's network. It needs no `this`, and fits wherever a fetch is asked for. */
export type RemoteFetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>;

/** Makes the fetch of a link. */
export function remoteFetch(link: LinkActor, ports: RemoteProcessPorts & { readonly random: Random }): RemoteFetch {
  let made = 0;
  const owner: RemoteBodyOwner = {
    add: (requestId, follower) => link.bodies.add(requestId, follower),
    remove: (requestId) => link.bodies.remove(requestId),
    hold: (holder) => link.hold(holder),
    release: (holder) => link.release(holder),
    cancel: (requestId) => {
      // An executor that knows no cancel sends the rest, and nobody takes it in (06 C-10). Nor does anybody wait for the answer.
      if (link.offers("httpCancel"))
        void link.call("http/request/cancel", { requestId }, { cleanUp: true }).catch(() => undefined);
    },
    fault: ports.onFault,
  };

  return async (input, init) => {
    const request = new Request(input, init);
    // Not that of the request, which follows this one only as long as somebody holds the request.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    signal?.throwIfAborted();
    const bytes = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
    if (request.redirect !== "follow") link.require("httpRedirects");
    made += 1;
    const requestId = `http-${made}-${ports.random.uuid().slice(0, 8)}`;
    const body = new RemoteBody(requestId, owner, signal, { ...ports, ownedBy: link });
    try {
      const head = await link.call(
        "http/request",
        {
          requestId,
          method: request.method,
          url: withoutFragment(request.url),
          headers: [...request.headers].map(([name, value]) => ({ name, value: textOf(value) })),
          bodyBase64: bytes === null ? null : encodeBase64(bytes),
          streamResponse: true,
          ...(init?.timeoutMs === undefined ? {} : { timeoutMs: Math.ceil(init.timeoutMs) }),
          ...(request.redirect === "follow" ? {} : { redirectPolicy: "stop" as const }),
        },
        { signal },
      );
      body.headReceived();
      refuse(head, request);
      return responseOf(head, request, body.readable);
    } catch (error) {
      body.abandon(signal?.aborted === true || error instanceof TypeError);
      if (signal?.aborted === true || error instanceof UnsupportedError || error instanceof TypeError) throw error;
      throw new TypeError("fetch failed", { cause: error });
    }
  };
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
