import type { LinkActor } from "../actors/link-actor.ts";

/** The connection that one HTTP exchange uses. */
export interface HttpWay {
  readonly link: LinkActor;
  /** Nobody wants the exchange any more: the executor is told, in the way that it understands. */
  cancel(requestId: string): void;
  /** The exchange is over. */
  over(): void;
}
