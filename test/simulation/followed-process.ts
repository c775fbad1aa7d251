import type { RemoteEvent } from "../../src/actors/event-order.ts";
import { OutputMissedError } from "../../src/client/output-reader.ts";
import type { RemoteProcess } from "../../src/client/remote-process.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { SimChild } from "./sim-child.ts";

/** Output beyond this may be gone before a subscriber joins. */
const recentBytes = 1024 * 1024;

/** What a client saw of one process, compared with what the process did, event by event (I-1, I-2, I-4). */
export class FollowedProcess {
  readonly name: string;
  readonly process: RemoteProcess;
  /** Why its handle failed, if it did. */
  error: unknown = null;
  isClosed = false;
  readonly #child: () => SimChild | undefined;
  readonly #violate: (invariant: string, text: string) => void;
  #nextSeq: number | null = null;
  #reading: "nobody" | "reads" | "done" = "nobody";

  constructor(
    name: string,
    process: RemoteProcess,
    child: () => SimChild | undefined,
    violate: (invariant: string, text: string) => void,
  ) {
    this.name = name;
    this.process = process;
    this.#child = child;
    this.#violate = violate;
    process.events$.subscribe({
      next: (event) => this.#saw(event),
      error: (error: unknown) => {
        if (this.isClosed || this.error !== null) this.#violate("I-2", `${name}: a failure after the end`);
        this.error = error;
      },
      complete: () => {
        if (!this.isClosed) this.#violate("I-2", `${name}: the events end without a close`);
      },
    });
  }

  /** The number of its last event that has arrived. */
  get lastSeq(): number {
    return (this.#nextSeq ?? 1) - 1;
  }

  /** Has it printed more than an executor without a disk keeps? */
  get mayHaveGap(): boolean {
    return this.#printedBytes() > recentBytes;
  }

  /** Reads its output at its own pace, beside following it. */
  async read(clock: Clock, pauseMs: number, wasDisposed: () => boolean): Promise<void> {
    this.#reading = "reads";
    let lastSeq = 0;
    let bytes = 0;
    try {
      for await (const chunk of this.process.output) {
        if (chunk.seq <= lastSeq) this.#violate("I-2", `${this.name}: a reader gets ${chunk.seq} after ${lastSeq}`);
        lastSeq = chunk.seq;
        bytes += chunk.bytes.length;
        if (pauseMs > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, pauseMs));
      }
      this.#reading = "done";
      const printed = this.#printedBytes();
      if (bytes !== printed && !wasDisposed())
        this.#violate("I-1", `${this.name}: a reader got ${bytes} bytes of ${printed}`);
    } catch (error) {
      this.#reading = "done";
      const mayMiss = error instanceof OutputMissedError && this.mayHaveGap;
      if (!mayMiss && this.error === null) this.#violate("I-4", `${this.name}: a reader fails: ${String(error)}`);
    }
  }

  /** At the end, on a link that lives: everything that the process did has arrived. */
  checkComplete(): void {
    const child = this.#child();
    if (child === undefined || this.error !== null) return;
    if (!child.isOver) this.#violate("sim", `${this.name} should have come to its end by now`);
    else if (this.isClosed && this.#reading === "reads") this.#violate("I-18", `a reader of ${this.name} never ends`);
    else if (!this.isClosed) {
      this.#violate(
        "I-1",
        `${this.name} is over after ${child.deeds.length} events, its client waits for number ${this.#nextSeq ?? 1}`,
      );
    }
  }

  #saw(event: RemoteEvent): void {
    const child = this.#child();
    if (child === undefined) return this.#violate("I-15", `${this.name}: an event of a process that never ran`);
    if (this.isClosed) return this.#violate("I-2", `${this.name}: ${event.type} ${event.seq} after the close`);
    const isFirst = this.#nextSeq === null;
    this.#nextSeq ??= this.#firstSeq(event.seq);
    if (event.seq !== this.#nextSeq) {
      return this.#violate(
        "I-2",
        `${this.name}: number ${event.seq} where ${this.#nextSeq} was due${isFirst ? " first" : ""}`,
      );
    }
    this.#nextSeq += 1;
    const deed = child.deeds[event.seq - 1];
    if (event.type === "closed") {
      this.isClosed = true;
      if (!child.isOver || child.wasCutShort || event.seq !== child.deeds.length + 1) {
        this.#violate("I-2", `${this.name}: closed as ${event.seq}, after ${child.deeds.length} events`);
      }
    } else if (deed === undefined || deed.type !== event.type) {
      this.#violate("I-1", `${this.name}: ${event.type} ${event.seq}, but it did ${deed?.type ?? "nothing"}`);
    } else if (deed.type === "exited" && event.type === "exited" && deed.exitCode !== event.exitCode) {
      this.#violate("I-2", `${this.name}: exit code ${event.exitCode}, in truth ${deed.exitCode}`);
    } else if (deed.type === "output" && event.type === "output") {
      const isSame = deed.stream === event.stream && Buffer.compare(deed.bytes, event.bytes) === 0;
      if (!isSame) this.#violate("I-1", `${this.name}: event ${event.seq} is not what it printed`);
    }
  }

  /** A subscriber begins with the first event, or with what is kept of very much output (I-5). */
  #firstSeq(seq: number): number {
    return this.mayHaveGap ? seq : 1;
  }

  #printedBytes(): number {
    const deeds = this.#child()?.deeds ?? [];
    return deeds.reduce((sum, deed) => sum + (deed.type === "output" ? deed.bytes.length : 0), 0);
  }
}
