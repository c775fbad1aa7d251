import type { WireParams } from "../protocol/methods.ts";
import type { EventOrder } from "./event-order.ts";
import type { LinkActor } from "./link-actor.ts";
import type { CatchUpRead } from "./process-follower.ts";
import { ReaderRoom } from "./reader-room.ts";

/** The process whose events are read. */
export interface MissedEventsOwner {
  readonly processId: string;
  /** Is it followed now: started, and not at its end? */
  isLive(): boolean;
  /** More can be released in order. */
  arrived(): void;
  /** What is missing cannot be had. */
  lost(cause: unknown): void;
}

/** The most payload that is read at once. */
const pageBytes = 1024 * 1024;

/**
 * Reads the events of one process that pushes have failed to bring, from the last one that was released, page by page, and no
 * faster than the slowest reader takes them (03 D-2, D-6).
 */
export class MissedEvents {
  /** Whether the readers of the process keep up. */
  readonly room = new ReaderRoom();
  readonly #owner: MissedEventsOwner;
  readonly #order: EventOrder;
  readonly #link: LinkActor;
  #isReading = false;
  /** Events went by unheard since the last page was asked for: another one is due. */
  #isDue = false;

  constructor(owner: MissedEventsOwner, order: EventOrder, link: LinkActor) {
    this.#owner = owner;
    this.#order = order;
    this.#link = link;
  }

  /** Events went by unheard, or may have. */
  missed(): void {
    this.#isDue = true;
  }

  /** Reads the beginning of a process whose start is not confirmed yet; `readDue` reads the rest, when it is. */
  async ask(signal: AbortSignal | undefined): Promise<void> {
    this.#isDue = false;
    const isAll = await this.#mergePage((params) => this.#link.call("process/read", params, { signal }));
    if (!isAll) this.#isDue = true;
  }

  /** Catches up over a connection that is not installed yet: one page; the rest can wait until it is. */
  async catchUp(read: CatchUpRead): Promise<void> {
    if (!(await this.#readPage(read))) void this.read();
  }

  /** Reads if something was missed. */
  async readDue(): Promise<void> {
    if (this.#isDue) await this.read();
  }

  /** Reads everything up to the present. Never rejects: what cannot be read is the owner's trouble. */
  async read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      const read: CatchUpRead = (params) => this.#link.call("process/read", params);
      for (let isDone = false; !isDone && this.#owner.isLive(); ) {
        await this.room.wait();
        this.#isDue = false;
        isDone = (await this.#readPage(read)) && !this.#isDue;
      }
    } catch (error) {
      this.#owner.lost(error);
    }
    this.#isReading = false;
  }

  async #readPage(read: CatchUpRead): Promise<boolean> {
    const isLast = await this.#mergePage(read);
    this.#owner.arrived();
    return isLast;
  }

  /**
   * Is that all? An executor other than Proctor's keeps so little that all of it is one page; nor does it say where the exit
   * belongs, so that it could not be read in parts (03 D-2, CL-42).
   */
  async #mergePage(read: CatchUpRead): Promise<boolean> {
    const isPage = this.#link.offers("pages");
    const params: WireParams<"process/read"> = {
      processId: this.#owner.processId,
      afterSeq: this.#order.lastSeq,
      maxBytes: isPage ? pageBytes : null,
      waitMs: 0,
    };
    return this.#order.merge(await read(params), isPage);
  }
}
