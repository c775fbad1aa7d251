import type { LinkActor } from "../actors/link-actor.ts";
import type { HttpLanes } from "./http-lanes.ts";
import type { HttpWay } from "./http-way.ts";

/** Finds the way for each exchange of a link: its own connection, or a lane beside it (06 H-58). */
export class HttpWays {
  readonly #shared: HttpWay;
  readonly #lanes: HttpLanes | null;

  /** @param lanes `null` where no further connection can be opened, or none is wanted */
  constructor(link: LinkActor, lanes: HttpLanes | null) {
    this.#lanes = lanes;
    this.#shared = {
      link,
      cancel: (requestId) => {
        // An executor that knows no cancel sends the rest, and nobody takes it in (06 C-10). Nor does anybody wait for the answer.
        if (link.offers("httpCancel"))
          void link.call("http/request/cancel", { requestId }, { cleanUp: true }).catch(() => undefined);
      },
      over: () => undefined,
    };
  }

  /** Resolves when the exchange may begin. @throws as `HttpLanes.take` */
  async take(signal: AbortSignal | undefined): Promise<HttpWay> {
    // What can be cancelled runs beside all else, too: both came with one release.
    if (this.#lanes === null || this.#shared.link.offers("httpCancel")) return this.#shared;
    return this.#lanes.take(signal);
  }

  /** Ends every exchange that has a lane. */
  close(): void {
    this.#lanes?.close();
  }
}
