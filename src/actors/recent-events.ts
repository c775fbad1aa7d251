import { type ObservedEvent, type RemoteEvent, sizeOf } from "./event-order.ts";

/** Bounds of what is kept for whoever joins late (03 `EVENT_LOG`). */
export const recentEventsLimits = { events: 4_096, bytes: 1024 * 1024 } as const;

/** The newest events of a process, for subscribers that join late: what they see is a suffix without holes (03 I-5). */
export class RecentEvents<Event extends ObservedEvent = RemoteEvent> {
  #events: Event[] = [];
  #bytes = 0;

  /** Keeps an event, and lets the oldest go when the bound is reached. */
  add(event: Event): void {
    this.#events.push(event);
    this.#bytes += sizeOf(event);
    while (this.#events.length > recentEventsLimits.events || this.#bytes > recentEventsLimits.bytes) {
      const oldest = this.#events.shift();
      if (oldest === undefined) return;
      this.#bytes -= sizeOf(oldest);
    }
  }

  /** What is kept, oldest first. */
  [Symbol.iterator](): Iterator<Event> {
    return [...this.#events].values();
  }
}
