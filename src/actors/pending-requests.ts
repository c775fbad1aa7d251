import type { RequestId } from "../protocol/envelope.ts";
import { rpcError } from "../protocol/errors.ts";
import type { RequestName } from "../protocol/methods.ts";
import { connectionLimits } from "./connection-limits.ts";

/**
 * Who bounds a request while it is under way: running ones pause reading, waits are refused, exchanges have bounds of their own
 * (06 H-45a). A wait is for the child, or for news, and takes nothing meanwhile.
 */
type RequestKind = "running" | "wait" | "exchange";

/** A request that is under way. */
export interface PendingRequest {
  readonly id: RequestId;
  readonly kind: RequestKind;
  /** Resolves when the handler is done. */
  readonly finished: Promise<void>;
}

/** The requests of one connection that are not answered yet, and how many more of which kind may come. */
export class PendingRequests {
  readonly #pending = new Set<PendingRequest>();
  readonly #counts: Record<RequestKind, number> = { running: 0, wait: 0, exchange: 0 };

  get size(): number {
    return this.#pending.size;
  }

  /** As many run as may at once. */
  get isFull(): boolean {
    return this.#counts.running >= connectionLimits.running;
  }

  /** What kind of request this is. @throws RpcError when enough of them wait */
  admit(method: RequestName, params: object): RequestKind {
    const kind = kindOf(method, params);
    if (kind === "wait" && this.#counts.wait >= connectionLimits.waits) {
      throw rpcError("invalidRequest", `at most ${connectionLimits.waits} polls and writes may wait per connection`);
    }
    return kind;
  }

  begin(request: PendingRequest): void {
    this.#pending.add(request);
    this.#counts[request.kind] += 1;
  }

  /** Its handler is done. Is it still to be answered? Not when `giveUp` took it. */
  finish(request: PendingRequest): boolean {
    this.#counts[request.kind] -= 1;
    return this.#pending.delete(request);
  }

  /** Takes all of them: they are answered otherwise, and their results come to nothing. */
  giveUp(): RequestId[] {
    const ids = [...this.#pending].map(({ id }) => id);
    this.#pending.clear();
    return ids;
  }

  /** Resolves when the handlers of all that are under way are done. */
  async finished(): Promise<void> {
    await Promise.all([...this.#pending].map(({ finished }) => finished));
  }
}

function kindOf(method: RequestName, params: object): RequestKind {
  if (method === "http/request") return "exchange";
  if (method === "process/write") return "wait";
  return "waitMs" in params && typeof params.waitMs === "number" && params.waitMs > 0 ? "wait" : "running";
}
