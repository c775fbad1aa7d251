import { type Actor, waitFor } from "xstate";
import { processMachine } from "../machines/process-machine.ts";
import { type Child, type ChildSignal, type ChildSpec, type ProcessHost, SignalError } from "../ports/process-host.ts";
import type { SpillStore } from "../ports/spill-store.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import { rpcError } from "../protocol/errors.ts";
import type { ListedProcess } from "../protocol/extensions.ts";
import type { WireResult } from "../protocol/methods.ts";
import { encodeClosed, encodeExited, encodeOutput, encodeProcessId } from "../protocol/output-frame.ts";
import type { OutputStream, WriteStatus } from "../protocol/process.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import { ChunkSpill } from "./chunk-spill.ts";
import { type LogPage, OutputLog, type OutputLogLimits } from "./output-log.ts";
import type { SpillBudget } from "./spill-budget.ts";
import { StdinQueue } from "./stdin-queue.ts";
import { Waiters } from "./waiters.ts";
import { WriteLedger } from "./write-ledger.ts";

/** What a process needs from the session that owns it. */
export interface ProcessOwner {
  /**
   * Gives output to whoever listens, encoded once if anybody does: during an outage that would be most of the work, and of
   * the garbage. False: the attached connection is congested, so stop producing until told.
   */
  publish(process: ProcessActor, encode: () => string): boolean;
  /** Tells whoever listens of an event that is no output; it is never left out. */
  tell(frame: string): void;
  /** The OS has started a program: gives the ordinal of this process, the next one. */
  takeOrdinal(): number;
  /** Tells of a process that has started. */
  started(process: ProcessActor): void;
  /** The process is gone for good: its id is free. */
  forget(process: ProcessActor): void;
  /** The session's share of the disk. */
  readonly spillBudget: SpillBudget;
  /** The machine itself failed; the process is beyond use. */
  fault(error: unknown): void;
}

/** What every process of one executor shares. */
export interface ProcessPorts extends ActorSystemPorts {
  readonly host: ProcessHost;
  readonly outputLog: OutputLogLimits;
  /** Where output goes that does not fit memory. */
  readonly spill: SpillStore;
}

/** What a reader asks for (02 section 5). */
export interface ReadRequest {
  readonly afterSeq: number | null;
  readonly maxBytes: number | null;
  readonly waitMs: number | null;
}

/** How long an end on request may take: this for the grace and the kill, and as much again for the child to be gone. */
const stopLimitMs = 2_500;

const owners = actorOwners<ProcessActor>();

const logic = processMachine.provide({
  actions: {
    spawn: ({ self }) => owners.of(self).effects.spawn(),
    interruptGroup: ({ self }) => owners.of(self).effects.signal("SIGINT"),
    signalGroup: ({ self }, { signal }) => owners.of(self).effects.signal(signal),
    publishExited: ({ self }, { exitCode }) => owners.of(self).effects.publishExited(exitCode),
    publishClosed: ({ self }) => owners.of(self).effects.publishClosed(),
    release: ({ self }) => owners.of(self).effects.release(),
  },
});

/**
 * One process of a session: its machine, its child, its numbered output, its stdin. Bytes go from the child into the log
 * and from there to the attached connection; the machine hears only that streams paused and ended.
 */
export class ProcessActor {
  /** The client's name for it; a key, not an OS pid (02 P-1). */
  readonly processId: string;
  /** Settles when the OS has started the program, or rejects with what the start is to answer (02 P-7, P-12). */
  readonly started: Promise<void>;
  /** Resolves when the child has ended and everything held for it is released, or when it never started. */
  readonly ended: Promise<void>;

  readonly #startId: string | null;
  readonly #spec: ChildSpec;
  readonly #owner: ProcessOwner;
  readonly #ports: ProcessPorts;
  readonly #actor: Actor<typeof logic>;
  readonly #idJson: string;
  readonly #log: OutputLog;
  readonly #writes = new WriteLedger();
  readonly #stdin: StdinQueue;
  /** Long polls. */
  readonly #readers: Waiters;
  readonly #start = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<void>();
  #child: Child | null = null;
  #ordinal = 0;
  #exitSeq: number | null = null;
  #isCongested = false;
  #paused = false;
  #terminated = false;
  #stdinClosed = false;
  #refusal: SignalError | null = null;

  constructor(
    { processId, startId }: { readonly processId: string; readonly startId: string | null },
    spec: ChildSpec,
    owner: ProcessOwner,
    ports: ProcessPorts,
  ) {
    this.processId = processId;
    this.#startId = startId;
    this.started = this.#start.promise;
    // A start that fails is reported by whoever asked for it; without an asker it is no fault of the program.
    this.started.catch(() => undefined);
    this.ended = this.#end.promise;
    this.#spec = spec;
    this.#owner = owner;
    this.#ports = ports;
    this.#readers = new Waiters(ports.clock);
    this.#idJson = encodeProcessId(processId);
    this.#log = new OutputLog(ports.outputLog, new ChunkSpill(ports.spill, owner.spillBudget));
    this.#stdin = new StdinQueue((bytes) => this.#child?.write(bytes) ?? Promise.reject(new Error("no child")));
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `process ${processId}`,
      input: { processId, stdin: spec.stdin },
      onFault: (error) => this.#fault(error),
    });
    this.#actor.start();
  }

  /** Is the child believed alive at this moment? */
  get isRunning(): boolean {
    return this.#actor.getSnapshot().hasTag("running");
  }

  /** Its place among the processes of the session that have started, from 1; 0 until then. */
  get ordinal(): number {
    return this.#ordinal;
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /**
   * Reads retained output, waiting for news as 02 P-37 says. Never consumes. An aborted wait rejects with the signal's
   * reason.
   */
  async read(request: ReadRequest, signal: AbortSignal): Promise<WireResult<"process/read">> {
    await this.news(request, signal);
    const page = this.#log.read(request.afterSeq ?? 0, request.maxBytes);
    this.#balance(); // what was read makes room
    return this.#answer(page);
  }

  /** Resolves when a read has something to say, or its time is over; an aborted wait rejects with the signal's reason. */
  async news({ afterSeq, waitMs }: ReadRequest, signal: AbortSignal): Promise<void> {
    if ((waitMs ?? 0) > 0) await this.#readers.wait(() => this.#hasNews(afterSeq ?? 0), waitMs ?? 0, signal);
  }

  /** Reads for an observer, at once: nothing that the session's own client may have missed goes, nor does the child go on. */
  peek({ afterSeq, maxBytes }: ReadRequest): { readonly answer: WireResult<"process/read">; readonly isLast: boolean } {
    const page = this.#log.peek(afterSeq ?? 0, maxBytes);
    return { answer: this.#answer(page), isLast: !this.#log.hasAfter(page.nextSeq - 1) };
  }

  #answer({ chunks, nextSeq }: LogPage): WireResult<"process/read"> {
    const snapshot = this.#actor.getSnapshot();
    return {
      chunks: chunks.map(({ seq, stream, bytes }) => ({ seq, stream, chunk: encodeBase64(bytes) })),
      nextSeq,
      exited: this.#exitSeq !== null,
      exitCode: snapshot.context.exitCode,
      closed: snapshot.hasTag("closed"),
      failure: null,
      sandboxDenied: false,
      exitSeq: this.#exitSeq,
    };
  }

  /** Queues bytes for stdin, each write id once (02 section 6). */
  async write(writeId: string, bytes: Uint8Array, signal: AbortSignal): Promise<WriteStatus> {
    if (this.#spec.stdin === "none") return "stdinClosed";
    if (this.#writes.has(writeId)) return "accepted";
    if (this.#stdinClosed) return "stdinClosed";
    const offer = await this.#stdin.offer(bytes, () => this.#remember(writeId), signal);
    if (offer === "full")
      throw rpcError("invalidRequest", `too many writes wait for process ${this.processId} to read`);
    if (offer === "broken") throw rpcError("internalError", "failed to write to process stdin");
    return "accepted";
  }

  /**
   * Interrupts the group; without effect unless it runs (02 P-52, P-53).
   * @throws RpcError `internalError` when the OS refuses to deliver the signal.
   */
  interrupt(): void {
    this.#order({ type: "interrupt" });
  }

  /**
   * Kills the group at once; was it running? (02 P-57 to P-59)
   * @throws RpcError `internalError` when the OS refuses to deliver the signal.
   */
  terminate(): boolean {
    if (!this.isRunning) return false;
    this.#order({ type: "terminate" });
    this.#terminated = true;
    this.#stdin.end("broken");
    return true;
  }

  /** Sends the group any signal; without effect unless it runs. @throws RpcError as `interrupt` does. */
  kill(signal: ChildSignal): void {
    if (!this.isRunning) return;
    this.#refusal = null;
    this.effects.signal(signal);
    this.#reportRefusal();
  }

  /** No more input comes: the child sees the end once it has read what was written before. Idempotent. */
  closeStdin(): void {
    if (this.#stdinClosed || this.#spec.stdin === "none") return;
    this.#stdinClosed = true;
    this.#stdin.finish(() => this.#child?.endInput());
    tell(this.#actor, { type: "stdin.closed" });
  }

  /** Gives its terminal another size; without effect on pipes, and after the end. */
  resize(rows: number, columns: number): void {
    this.#child?.resize(rows, columns);
  }

  /** What `session/list` says of it. */
  get listing(): ListedProcess {
    const { context } = this.snapshot;
    return {
      processId: this.processId,
      state: this.#stateName(),
      exitCode: context.exitCode,
      nextSeq: this.#log.nextSeq,
    };
  }

  /** Was it started by a request with this id, so that the request is the same one again? (03 D-4) */
  wasStartedBy(startId: string | null): boolean {
    return startId !== null && this.#startId === startId;
  }

  /** The attached connection can take more: go on reading the child's output. */
  resumeOutput(): void {
    this.#isCongested = false;
    this.#balance();
  }

  /** The connection is gone: nothing may go that its client could have missed (03 D-2). */
  detached(): void {
    this.#log.keepAll();
    this.resumeOutput();
  }

  /** The session expired: kill the group, drop the record (03 SS-15). */
  expire(): void {
    tell(this.#actor, { type: "session.expired" });
    this.#readers.wake();
  }

  /**
   * The executor stops: ask the group to end, kill it after a grace, then drop the record (03 SS-66). What cannot be killed
   * is let go after the same time again, and said to be so.
   */
  async stop(): Promise<void> {
    tell(this.#actor, { type: "stop" });
    const { clock } = this.#ports;
    const giveUp = () => {
      const cause = this.#refusal ?? undefined;
      this.#owner.fault(new Error(`process ${this.processId} cannot be killed and was left behind`, { cause }));
      this.expire();
    };
    // In two steps: on a host that was suspended meanwhile the kill would come together with the end of a single limit.
    let limit = clock.setTimeout(() => {
      limit = clock.setTimeout(giveUp, stopLimitMs);
    }, stopLimitMs);
    await waitFor(this.#actor, (snapshot) => !snapshot.hasTag("running"));
    clock.clearTimeout(limit);
    this.expire();
    await this.ended;
  }

  /** For the machine's actions only. */
  readonly effects = {
    spawn: (): void => {
      this.#ports.host
        .spawn(this.#spec, {
          output: (stream, bytes) => this.#output(stream, bytes),
          ended: (stream) => this.#streamEnded(stream),
          exited: (exitCode) => this.#exited(exitCode),
          stdinClosed: () => tell(this.#actor, { type: "stdin.closed" }),
        })
        .then(
          (child) => this.#spawned(child),
          (error: unknown) => this.#spawnFailed(error),
        );
    },
    signal: (signal: ChildSignal): void => {
      try {
        this.#child?.signal(signal);
      } catch (error) {
        // The system's refusal is the answer of whoever gave the order, not a fault of the machine (02 P-53).
        if (!(error instanceof SignalError)) throw error;
        this.#refusal = error;
      }
    },
    publishExited: (exitCode: number): void => {
      this.#exitSeq = this.#log.takeSeq();
      this.#owner.tell(encodeExited(this.#idJson, this.#exitSeq, exitCode));
    },
    publishClosed: (): void => {
      this.#owner.tell(encodeClosed(this.#idJson, this.#log.takeSeq()));
    },
    release: (): void => {
      this.#child?.release();
      this.#stdin.end("broken");
      this.#log.close();
      this.#owner.forget(this);
      this.#start.reject(rpcError("invalidRequest", `process ${this.processId} start was cancelled`));
      this.#end.resolve();
    },
  };

  /** Gives the machine an order whose effect the OS can refuse. */
  #order(event: { readonly type: "interrupt" | "terminate" }): void {
    this.#refusal = null;
    tell(this.#actor, event);
    this.#reportRefusal();
  }

  #reportRefusal(): void {
    if (this.#refusal !== null) throw rpcError("internalError", this.#refusal.message);
  }

  #stateName(): ListedProcess["state"] {
    if (this.snapshot.hasTag("starting")) return "starting";
    if (this.snapshot.hasTag("running")) return "running";
    return this.snapshot.hasTag("closed") ? "closed" : "exited";
  }

  #spawned(child: Child): void {
    this.#child = child;
    tell(this.#actor, { type: "child.spawned" });
    if (this.#actor.getSnapshot().hasTag("gone")) return;
    this.#ordinal = this.#owner.takeOrdinal();
    this.#owner.started(this);
    this.#start.resolve();
  }

  #spawnFailed(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#start.reject(rpcError("internalError", text));
    tell(this.#actor, { type: "child.spawnFailed" });
  }

  #output(stream: OutputStream, bytes: Uint8Array): void {
    const seq = this.#log.append(stream, bytes);
    const isTaken = this.#owner.publish(this, () => encodeOutput(this.#idJson, seq, stream, bytes));
    if (!isTaken) this.#isCongested = true;
    this.#balance();
    this.#readers.wake();
  }

  /** The machine itself failed: nothing may wait for it, nor outlive it. */
  #fault(error: unknown): void {
    this.#owner.fault(error);
    this.effects.signal("SIGKILL");
    this.effects.release();
  }

  #streamEnded(stream: OutputStream): void {
    tell(this.#actor, { type: stream === "stderr" ? "stderr.ended" : "stdout.ended" });
    this.#readers.wake();
  }

  #exited(exitCode: number): void {
    tell(this.#actor, { type: "child.exited", exitCode });
    this.#stdin.end("vanish");
    // A terminated process is over when its group is: a descendant that fled the group must not keep the pipes open (02
    // P-61). A terminal stays with whoever survives on it.
    if (this.#terminated && this.#spec.stdin !== "pty") this.#child?.release();
    this.#readers.wake();
  }

  /** The child waits while its output has nowhere to go: the connection is full, or the record is. */
  #balance(): void {
    const pause = this.#isCongested || this.#log.isFull;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#child?.pauseOutput();
    else this.#child?.resumeOutput();
    tell(this.#actor, { type: pause ? "output.paused" : "output.resumed" });
  }

  /** False when the id came in another way while this write waited. */
  #remember(writeId: string): boolean {
    if (this.#writes.has(writeId)) return false;
    this.#writes.remember(writeId);
    return true;
  }

  /** Has a read after `afterSeq` something to say? (02 P-37) */
  #hasNews(afterSeq: number): boolean {
    const snapshot = this.#actor.getSnapshot();
    if (snapshot.hasTag("closed") || snapshot.hasTag("gone")) return true;
    if (this.#exitSeq !== null && afterSeq < this.#log.nextSeq - 1) return true;
    return this.#log.hasAfter(afterSeq);
  }
}
