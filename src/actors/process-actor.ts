import { type Actor, waitFor } from "xstate";
import { type ProcessEvent, processMachine } from "../machines/process-machine.ts";
import {
  type Child,
  type ChildEnd,
  type ChildSignal,
  type ChildSpec,
  SandboxRefusedError,
  SignalError,
} from "../ports/process-host.ts";
import type { ProcessTelemetry } from "../ports/telemetry.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { RpcError, rpcError, startCancelled } from "../protocol/errors.ts";
import type { ListedProcess } from "../protocol/extensions.ts";
import type { Params } from "../protocol/methods.ts";
import type { OutputPage } from "../protocol/output-page.ts";
import type { OutputStream, WriteStatus } from "../protocol/process.ts";
import { actorOwners, tell } from "./actor-owners.ts";
import type { EntityControl, Facts, KeptOutput, WatchedEntity } from "./actor-watch.ts";
import type { ClosedProcess } from "./close-delivery.ts";
import type { PrintedChunk } from "./printed-chunk.ts";
import { ProcessInput } from "./process-input.ts";
import { ProcessOutput } from "./process-output.ts";
import type { ProcessOwner, ProcessPorts } from "./process-owner.ts";
import type { ProcessRecord, ReadRequest, RecordedExit } from "./process-record.ts";

/** What a start says of the process besides its program. */
export type StartRequest = Pick<Params<"process/start">, "processId" | "startId" | "timeLimitMs">;

/** How long an end on request may take: this for the grace and the kill, and as much again for the child to be gone. */
const stopLimitMs = 2_500;

const owners = actorOwners<ProcessActor>();

const logic = processMachine.provide({
  actions: {
    spawn: ({ self }) => owners.of(self).effects.spawn(),
    interruptGroup: ({ self }) => owners.of(self).effects.signal("SIGINT"),
    signalGroup: ({ self }, { signal }) => owners.of(self).effects.signal(signal),
    letGoOfPipes: ({ self }) => owners.of(self).effects.letGoOfPipes(),
    publishExited: ({ self }, exit) => owners.of(self).effects.publishExited(exit),
    publishClosed: ({ self }) => owners.of(self).effects.publishClosed(),
    probeHolder: ({ self }) => owners.of(self).effects.probeHolder(),
    awaitClient: ({ self }) => owners.of(self).effects.awaitClient(),
    awaitClientNoMore: ({ self }) => owners.of(self).effects.awaitClientNoMore(),
    release: ({ self }) => owners.of(self).effects.release(),
  },
});

/**
 * One process of a session: its machine, its child, its numbered output, its stdin. Bytes go from the child into the log
 * and from there to the attached connection; the machine hears only that streams paused and ended.
 */
export class ProcessActor implements ClosedProcess, WatchedEntity {
  /** The client's name for it; a key, not an OS pid (02 P-1). */
  readonly processId: string;
  /** Settles when the OS has started the program, or rejects with what the start is to answer (02 P-7, P-12). */
  readonly started: Promise<void>;
  /** Resolves when the child has ended and everything held for it is released, or when it never started. */
  readonly ended: Promise<void>;

  readonly #startId: string | null;
  readonly #spec: ChildSpec;
  readonly #owner: ProcessOwner<ProcessActor>;
  readonly #ports: ProcessPorts;
  readonly #telemetry: ProcessTelemetry | undefined;
  readonly #actor: Actor<typeof logic>;
  readonly #record: ProcessRecord;
  readonly #input: ProcessInput;
  readonly #output: ProcessOutput;
  readonly #start = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<void>();
  #child: Child | null = null;
  #pid: number | null = null;
  #inspectorWrites = 0;
  #ordinal = 0;
  #childEnd: Omit<ChildEnd, "exitCode"> = { usage: null };
  #refusal: SignalError | null = null;
  #isFaulty = false;

  constructor(
    { processId, startId, timeLimitMs }: StartRequest,
    spec: ChildSpec,
    record: ProcessRecord,
    owner: ProcessOwner<ProcessActor>,
    ports: ProcessPorts,
    telemetry?: ProcessTelemetry,
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
    this.#telemetry = telemetry;
    this.#record = record;
    this.#input = new ProcessInput(processId, spec.stdin, () => this.#child);
    const listeners = {
      publish: (chunk: PrintedChunk) => owner.publish(this, chunk),
      tell: (frame: string) => owner.tell(frame),
    };
    this.#output = new ProcessOutput(processId, this.#record, listeners, (isOn) => this.#holdBack(isOn), ports.memory);
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `process ${processId}`,
      input: { processId, stdin: spec.stdin, timeLimitMs },
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

  /** @inheritDoc */
  facts(): Facts {
    const { argv, cwd, stdin } = this.#spec;
    const { nextSeq, retainedBytes, outputBytes, exit } = this.#record;
    return {
      argv,
      cwd,
      tty: stdin === "pty",
      stdin,
      confined: this.#spec.confinement !== undefined,
      pid: this.#pid,
      lastSeq: nextSeq - 1,
      outputBytes,
      retainedBytes,
      exitCode: exit?.exitCode ?? null,
    };
  }

  /** @inheritDoc */
  load() {
    return { outputBytes: this.#record.outputBytes, queuedBytes: 0 };
  }

  /** @inheritDoc */
  keptOutput(afterSeq: number, maxBytes: number): readonly KeptOutput[] {
    return this.#record.kept(afterSeq, maxBytes);
  }

  /** @inheritDoc */
  get control(): EntityControl {
    return {
      write: (bytes) => {
        this.#inspectorWrites += 1;
        return this.write(`inspector ${this.#inspectorWrites}`, bytes, new AbortController().signal);
      },
      terminate: () => void this.terminate(),
      signal: (signal) => this.kill(signal),
    };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /**
   * Reads retained output, waiting for news as 02 P-37 says. Never consumes. An aborted wait rejects with the signal's
   * reason.
   */
  async read(request: ReadRequest, signal: AbortSignal): Promise<OutputPage> {
    await this.news(request, signal);
    const page = this.#record.read(request);
    this.#output.balance(); // what was read makes room
    if (this.#owner.isHeard && this.#record.tellsAll(page)) this.closeDelivered();
    return page;
  }

  /** Resolves when a read has something to say, or its time is over; an aborted wait rejects with the signal's reason. */
  async news({ afterSeq, waitMs }: ReadRequest, signal: AbortSignal): Promise<void> {
    if (waitMs !== null && waitMs > 0) await this.#record.news(afterSeq, waitMs, signal);
  }

  /** Reads for an observer, at once: nothing goes that the session's own client may have missed, nor does the child go on. */
  peek(request: ReadRequest): OutputPage {
    return this.#record.peek(request);
  }

  /** Is there nothing to read behind this page? */
  endsWith(page: OutputPage): boolean {
    return this.#record.endsWith(page);
  }

  /** Queues bytes for stdin, each write id once (02 section 6). */
  write(writeId: string, bytes: Uint8Array, signal: AbortSignal): Promise<WriteStatus> {
    return this.#input.write(writeId, bytes, signal);
  }

  /**
   * Interrupts the group; without effect unless it runs (02 P-52, P-53).
   * @throws RpcError `internalError` when the OS refuses to deliver the signal.
   */
  interrupt(): void {
    this.#order({ type: "interrupt" });
  }

  /**
   * Kills the group at once, or after the exit what is left of it; was the child running? (02 P-57, P-58, 03 D-13)
   * @throws RpcError `internalError` when the OS refuses to deliver the signal.
   */
  terminate(): boolean {
    // Whoever ends what is closed already learns so from the answer, and waits for nothing more of it (03 D-3).
    this.closeDelivered();
    const { isRunning } = this;
    this.#order({ type: "terminate" });
    if (isRunning) this.#input.terminated();
    return isRunning;
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
    if (this.#input.close()) tell(this.#actor, { type: "stdin.closed", lostBytes: 0 });
  }

  /** Gives its terminal another size; without effect on pipes, and after the end. */
  resize(rows: number, columns: number): void {
    this.#child?.resize(rows, columns);
  }

  /** What `session/list` says of it. */
  get listing(): ListedProcess {
    const { exit, nextSeq } = this.#record;
    return {
      processId: this.processId,
      state: this.#stateName(),
      exitCode: exit?.exitCode ?? null,
      ...(exit?.timedOut === true && { timedOut: true }),
      nextSeq,
    };
  }

  /** Was it started by a request with this id, so that the request is the same one again? (03 D-4) */
  wasStartedBy(startId: string | null): boolean {
    return startId !== null && this.#startId === startId;
  }

  /** The attached connection can take more: go on reading the child's output. */
  resumeOutput(): void {
    this.#output.drained();
  }

  /** A connection has resumed the session: for closed processes time goes on (03 D-3), and writes may be repeated. */
  attached(): void {
    this.#input.attached();
    this.#tellClosed({ type: "session.attached", now: this.#ports.clock.now() });
  }

  /** The connection is gone: nothing may go that its client could have missed (03 D-2, D-3). */
  detached(): void {
    this.#record.keepAll();
    this.resumeOutput();
    this.#tellClosed({ type: "session.detached", now: this.#ports.clock.now() });
  }

  /** @inheritDoc */
  closeDelivered(): void {
    this.#tellClosed({ type: "close.delivered", now: this.#ports.clock.now() });
  }

  /** @inheritDoc */
  crowdedOut(): void {
    this.#tellClosed({ type: "crowdedOut" });
  }

  /** The session expired: kill the group, drop the record (03 SS-15). */
  expire(): void {
    tell(this.#actor, { type: "session.expired" });
  }

  /**
   * The executor stops: ask the group to end, kill it after a grace, then drop the record (03 SS-66). What cannot be killed
   * is let go after the same time again, and said to be so.
   */
  async stop(): Promise<void> {
    this.#record.retain();
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
          output: (stream, bytes) => this.#output.printed(stream, bytes),
          ended: (stream) => this.#streamEnded(stream),
          exited: (end) => this.#exited(end),
          stdinClosed: () => this.#inputGone(),
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
    letGoOfPipes: (): void => this.#child?.release("take"),
    publishExited: (exit: Pick<RecordedExit, "exitCode" | "timedOut">): void => {
      this.#output.exited({ ...this.#childEnd, ...exit });
    },
    publishClosed: (): void => {
      // With the child goes the number of its group, which may be somebody else's from now on (03 D-13).
      this.#child?.release();
      this.#child = null;
      const isSent = this.#owner.isHeard;
      this.#output.closed();
      tell(this.#actor, { type: isSent ? "close.sent" : "close.unheard" });
    },
    probeHolder: (): void => this.#owner.closes.sent(this),
    awaitClient: (): void => this.#owner.closes.unheard(this),
    awaitClientNoMore: (): void => this.#owner.closes.settled(this),
    release: (): void => {
      this.#child?.release();
      this.#input.terminated();
      this.#record.dispose();
      this.#telemetry?.dropped(!this.#isFaulty);
      this.#owner.forget(this);
      this.#start.reject(rpcError("invalidRequest", `process ${this.processId} ${startCancelled}`));
      this.#end.resolve();
    },
  };

  /** Only a closed process minds who listens; the others need not be troubled. */
  #tellClosed(event: ProcessEvent): void {
    if (this.snapshot.hasTag("closed")) tell(this.#actor, event);
  }

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
    this.#pid = child.pid;
    this.#record.spawned(child.pid);
    this.#telemetry?.started(child.pid);
    tell(this.#actor, { type: "child.spawned" });
    if (this.#actor.getSnapshot().hasTag("gone")) return;
    this.#ordinal = this.#owner.takeOrdinal();
    this.#owner.started(this);
    this.#start.resolve();
  }

  #spawnFailed(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#record.discard();
    // A sandbox that cannot be had is the fault of the request (05 SB-N1); all else the system's.
    const name = error instanceof SandboxRefusedError ? "invalidParams" : "internalError";
    this.#start.reject(new RpcError(errorCodes[name], text, { cause: error }));
    this.#telemetry?.failed(error);
    tell(this.#actor, { type: "child.spawnFailed" });
  }

  /** The machine itself failed: nothing may wait for it, nor outlive it. */
  #fault(error: unknown): void {
    this.#isFaulty = true;
    this.#owner.fault(error);
    this.effects.signal("SIGKILL");
    this.effects.release();
  }

  #streamEnded(stream: OutputStream): void {
    tell(this.#actor, { type: stream === "stderr" ? "stderr.ended" : "stdout.ended" });
    this.#record.wake();
  }

  #exited({ exitCode, ...end }: ChildEnd): void {
    this.#childEnd = end;
    this.#telemetry?.exited(exitCode, this.snapshot.hasTag("ending"));
    if (this.#spec.stdin !== "none") this.#inputGone();
    tell(this.#actor, { type: "child.exited", exitCode });
    this.#record.wake();
  }

  #inputGone(): void {
    tell(this.#actor, { type: "stdin.closed", lostBytes: this.#input.lost() });
  }

  #holdBack(isOn: boolean): void {
    if (isOn) this.#child?.pauseOutput();
    else this.#child?.resumeOutput();
    tell(this.#actor, { type: isOn ? "output.paused" : "output.resumed" });
  }
}
