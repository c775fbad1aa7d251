import type { ActorWatch } from "../../src/actors/actor-watch.ts";
import { connect } from "../../src/client/connect.ts";
import type { Link } from "../../src/client/link.ts";
import type { RemoteProcess } from "../../src/client/remote-process.ts";
import { type Effect, ProctorError } from "../../src/protocol/errors.ts";
import { SeededRandom } from "./chance.ts";
import { FollowedProcess } from "./followed-process.ts";
import type { ProgramClock } from "./program-clock.ts";
import type { Operation } from "./scenario.ts";
import type { SimPath } from "./sim-path.ts";
import type { SimSite } from "./sim-site.ts";

/** One call that a client made, and what became of it. */
export interface Call {
  readonly what: string;
  readonly type: Operation["type"] | "connect";
  /** The process or file that it is about. */
  readonly name: string;
  /** What a write wrote. */
  readonly line: string | null;
  outcome: "pending" | "ok" | "given up" | "not made" | Effect;
  error: unknown;
}

/** What a client needs of its world. */
export interface SimClientOptions {
  readonly name: string;
  readonly seed: number;
  readonly clock: ProgramClock;
  readonly path: SimPath;
  readonly site: SimSite;
  readonly watch: ActorWatch | undefined;
  /** The name of the program that an operation starts. */
  nameOf(start: Operation): string;
  trace(text: string): void;
  violate(invariant: string, text: string): void;
  fault(error: unknown): void;
}

interface Slot {
  readonly name: string;
  readonly process: Promise<RemoteProcess>;
}

/** The caller gave up; what that means is known to nobody. */
class GivenUp extends Error {}

/** A user of the library: makes calls, follows every process, and keeps book. */
export class SimClient {
  readonly name: string;
  readonly path: SimPath;
  readonly calls: Call[] = [];
  readonly followed: FollowedProcess[] = [];
  link: Link | null = null;
  /** The user closed the link. */
  wasClosed = false;
  /** Its program is gone, in the middle of whatever it did. */
  isDead = false;
  readonly #options: SimClientOptions;
  readonly #slots = new Map<number, Slot>();
  /** Processes whose handle is disposed of: nobody reads any more. */
  readonly #disposed = new Set<string>();
  #lines = 0;

  constructor(options: SimClientOptions) {
    this.#options = options;
    this.name = options.name;
    this.path = options.path;
  }

  /** Opens the link. */
  connect(): void {
    const { clock, seed, fault, path, watch } = this.#options;
    const random = new SeededRandom(seed, this.name);
    const linking = connect({ dial: path.dial }, { clock, random, watch, onFault: fault });
    this.#track("connect", this.name, linking);
    linking.then(
      (link) => {
        this.link = link;
        link.state$.subscribe(({ value, generation, reason }) =>
          this.#options.trace(`${this.name} is ${value} ${generation}${reason === null ? "" : `: ${reason}`}`),
        );
      },
      () => undefined,
    );
  }

  /** Does one thing. What needs a link that is not there is left out. */
  apply(operation: Operation): void {
    const { link } = this;
    if (link === null) return;
    switch (operation.type) {
      case "start":
        return this.#start(link, operation);
      case "write":
        return this.#write(operation.slot, operation.bytes);
      case "closeStdin":
        return this.#onProcess(operation, (process) => process.stdin.end());
      case "interrupt":
        return this.#onProcess(operation, (process) => process.interrupt());
      case "signal":
        return this.#onProcess(operation, (process) => process.kill("SIGUSR1"));
      case "terminate":
        return this.#onProcess(operation, (process) => process.terminate());
      case "dispose":
        this.#disposed.add(this.#slots.get(operation.slot)?.name ?? "");
        return this.#onProcess(operation, (process) => process[Symbol.asyncDispose]());
      case "writeFile": {
        const path = `/${this.name}/${this.calls.length}`;
        return void this.#track(operation.type, path, link.files.writeFile(path, path));
      }
      case "readFile":
        return void this.#track(operation.type, "/nothing", link.files.readFile("/nothing"));
      case "environmentInfo":
        return void this.#track(operation.type, "", link.environmentInfo());
      case "burst": {
        const calls = Array.from({ length: operation.calls }, () => link.environmentInfo());
        return void this.#track(operation.type, "", everyOne(calls));
      }
      case "list":
        return void this.#track(operation.type, "", link.processes());
      case "observe":
        return; // that is somebody else
      case "close":
        return this.close();
    }
  }

  /** Its program is gone. */
  die(isHeard: boolean): void {
    this.isDead = true;
    this.#options.clock.crash();
    for (const link of this.path.links) link.crashClient(isHeard);
  }

  /** Its program does not run for a while. */
  suspend(untilMs: number): void {
    this.#options.clock.suspend(untilMs);
    this.path.pathChanged();
  }

  /** Until when its program is suspended, or was. */
  get suspendedUntilMs(): number {
    return this.#options.clock.suspendedUntilMs;
  }

  /** Does something when its program runs. */
  schedule(act: () => void, atMs: number): void {
    this.#options.clock.setTimeout(act, atMs);
  }

  /** Closes the link. */
  close(): void {
    if (this.link === null) return;
    this.wasClosed = true;
    this.#track("close", this.name, this.link.close());
  }

  #start(link: Link, operation: Operation & { readonly type: "start" }): void {
    const { clock, site, violate } = this.#options;
    const name = this.#options.nameOf(operation);
    const abort = new AbortController();
    const { abortAfterMs } = operation;
    if (abortAfterMs !== null) clock.setTimeout(() => abort.abort(new GivenUp()), abortAfterMs);
    const stdin = operation.stdin === "pipe";
    const process = link.start([name], { stdin, tty: operation.stdin === "pty", signal: abort.signal });
    this.#slots.set(operation.slot, { name, process });
    this.#track("start", name, process);
    process.then(
      (started) => {
        const followed = new FollowedProcess(name, started, () => site.child(name), violate);
        this.followed.push(followed);
        if (operation.readerMs !== null) void followed.read(clock, operation.readerMs, () => this.#disposed.has(name));
      },
      () => undefined,
    );
  }

  #write(slotNumber: number, bytes: number): void {
    const slot = this.#slots.get(slotNumber);
    if (slot === undefined) return;
    this.#lines += 1;
    const line = `${this.#lines}${".".repeat(bytes)}\n`;
    const writing = slot.process.then(
      (process) => process.stdin.write(line),
      () => Promise.reject(notMade),
    );
    this.#track("write", slot.name, writing, line);
  }

  #onProcess(
    operation: Operation & { readonly slot: number },
    act: (process: RemoteProcess) => PromiseLike<unknown>,
  ): void {
    const slot = this.#slots.get(operation.slot);
    if (slot === undefined) return;
    const acting = slot.process.then(act, () => Promise.reject(notMade));
    this.#track(operation.type, slot.name, acting);
  }

  #track(type: Call["type"], name: string, promise: Promise<unknown>, line: string | null = null): void {
    const what = `${this.name}: ${type} ${name}${line === null ? "" : ` ${line.slice(0, 12).trimEnd()}`}`;
    const call: Call = { what, type, name, line, outcome: "pending", error: null };
    this.calls.push(call);
    this.#options.trace(what);
    promise.then(
      () => this.#settle(call, "ok", null),
      (error: unknown) => this.#settle(call, this.#outcomeOf(call, error), error),
    );
  }

  #settle(call: Call, outcome: Call["outcome"], error: unknown): void {
    call.outcome = outcome;
    call.error = error;
    this.#options.trace(`${call.what} -> ${outcome}${error === null ? "" : ` (${String(error)})`}`);
  }

  #outcomeOf(call: Call, error: unknown): Call["outcome"] {
    if (error === notMade) return "not made";
    if (error instanceof GivenUp) return "given up";
    if (error instanceof ProctorError) return error.effect;
    this.#options.violate("I-18", `${call.what} fails with an error of no kind: ${String(error)}`);
    return "unknown";
  }
}

/** All have settled; fails as the first one that failed. */
async function everyOne(calls: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(calls)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

const notMade = new Error("there was no process to do it to");
