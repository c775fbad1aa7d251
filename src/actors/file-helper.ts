import type { Actor } from "xstate";
import type { z } from "zod";
import { fileHelperMachine } from "../machines/file-helper-machine.ts";
import type { HelperPlan } from "../ports/file-helper-host.ts";
import { FileError, FileHelperError, type FileOperation, FileRefusedError } from "../ports/file-host.ts";
import type { Child, ChildListener } from "../ports/process-host.ts";
import { expectedBytes, helperFailure } from "../protocol/file-helper/answers.ts";
import { type HelperCall, longestHelperBody, pathFromBytes } from "../protocol/file-helper/calls.ts";
import { callFrame, FrameReader, frameKinds } from "../protocol/file-helper/frames.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";

/** What a helper needs from whoever keeps it. */
export interface FileHelperOwner {
  /** It is gone: its place is free. */
  forget(helper: FileHelperActor): void;
  /** It may have become idle. */
  roomMade(): void;
  /** The machine itself failed. */
  fault(error: unknown): void;
}

/** What to do with what a call brings before its result. */
export interface CallTaker {
  expect?(bytes: number): void;
  /** The bytes stay as they are until this returns. */
  piece?(bytes: Uint8Array): void;
}

/** How a call is made. */
export interface CallTerms {
  /** Goes along as it is. */
  readonly content?: Uint8Array;
  readonly taker?: CallTaker;
  /** Abandons the call: nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
  /** The answer must come within this time; `null`: whenever it does. */
  readonly limitMs: number | null;
}

interface PendingCall extends CallTaker {
  /** `null`: abandoned. */
  settle: { resolve(result: unknown): void; reject(error: unknown): void } | null;
}

/** The files were changed before the helper was started: whoever asked plans anew and asks another one. */
export class StaleHelperError extends FileHelperError {
  constructor() {
    super("the files were changed again and again while a sandbox was made of them", { effect: "notApplied" });
  }
}

/** Of what it prints when it fails, so much is told. */
const failureBytes = 4 * 1024;

const owners = actorOwners<FileHelperActor>();

const logic = fileHelperMachine.provide({
  actions: {
    open: ({ self }) => owners.of(self).effects.open(),
    kill: ({ self }) => owners.of(self).effects.kill(),
    release: ({ self }) => owners.of(self).effects.release(),
    tellRoom: ({ self }) => owners.of(self).effects.tellRoom(),
  },
});

/**
 * One helper: its machine, its process, and the calls that it was not yet heard of. Calls run at the same time and are answered in any
 * order. Every call is a use, which is begun before it and ends with it; a file that is open in it is one as well.
 */
export class FileHelperActor implements WatchedEntity {
  readonly fingerprint: string;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;

  readonly #owner: FileHelperOwner;
  readonly #ports: ActorSystemPorts;
  readonly #actor: Actor<typeof logic>;
  readonly #open = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<void>();
  readonly #calls = new Map<number, PendingCall>();
  readonly #reader: FrameReader;
  #child: Child | null = null;
  #isOpen = false;
  #isKilled = false;
  /** Why no call can be made any more. */
  #failure: Error | null = null;
  #said = Buffer.alloc(0);
  #numbers = 0;

  constructor(plan: HelperPlan, owner: FileHelperOwner, ports: ActorSystemPorts) {
    this.fingerprint = plan.fingerprint;
    this.ended = this.#end.promise;
    this.#owner = owner;
    this.#ports = ports;
    this.#reader = new FrameReader(longestHelperBody, {
      frame: (kind, call, body) => this.#frame(kind, call, body),
      piece: (call, bytes) => this.#calls.get(call)?.piece?.(bytes),
    });
    this.#open.promise.catch(() => undefined); // whoever uses it is told
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `file helper ${plan.fingerprint.slice(0, 8)}`,
      input: { fingerprint: plan.fingerprint, isKept: !plan.occupies },
      onFault: (error) => {
        owner.fault(error);
        this.effects.kill();
      },
    });
    this.#actor.start();
    this.#start(plan).catch((error: unknown) => this.#over(asError(error)));
  }

  /** @inheritDoc */
  facts(): Facts {
    return { fingerprint: this.fingerprint, pid: this.#child?.pid ?? null, calls: this.#calls.size };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** Resolves when nothing is left on the host of what it occupies, unless somebody else needs it still. */
  async cleared(): Promise<void> {
    const { context, value } = this.snapshot;
    if (!context.isKept && value === "Ending") await this.ended;
  }

  /** A use begins: it is kept until `end`, or until it is abandoned. */
  begin(): void {
    tell(this.#actor, { type: "use.began" });
  }

  /** A use is over, in order. */
  end(): void {
    tell(this.#actor, { type: "use.ended" });
  }

  /** It is not needed any more, whoever uses it. */
  retire(): void {
    tell(this.#actor, { type: "retire" });
  }

  /**
   * Lets the process do something. It is a use that has begun, and ends with the call.
   * @throws FileError, FileRefusedError as a FileHost does; FileHelperError when the process fails; StaleHelperError when another one
   *   is to be asked; SandboxRefusedError, SpawnError when it cannot be started; the reason of the signal
   */
  async call(call: HelperCall, terms: CallTerms): Promise<unknown> {
    const { signal } = terms;
    try {
      await this.#untilOpen(signal);
      if (this.#failure !== null) throw this.#failure;
    } catch (error) {
      // What was never asked of the process cannot hang in it; one that only this use is for need not come up.
      tell(this.#actor, { type: signal?.aborted === true && !this.#isOpen ? "use.abandoned" : "use.ended" });
      throw error;
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const number = ++this.#numbers;
    const pending: PendingCall = { ...terms.taker, settle: { resolve, reject } };
    this.#calls.set(number, pending);
    const abandon = (reason: unknown) => this.#abandon(pending, reason);
    const aborted = () => abandon(signal?.reason);
    signal?.addEventListener("abort", aborted, { once: true });
    const { clock } = this.#ports;
    const { limitMs } = terms;
    const timer =
      limitMs === null
        ? null
        : clock.setTimeout(
            () => abandon(new FileHelperError(`fs sandbox helper did not answer within ${limitMs} ms`)),
            limitMs,
          );
    this.#send(callFrame(number, call, terms.content?.length ?? 0));
    if (terms.content !== undefined && terms.content.length > 0) this.#send(terms.content);
    try {
      return await promise;
    } finally {
      if (timer !== null) clock.clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    }
  }

  /** For the machine's actions only. */
  readonly effects = {
    open: (): void => {
      this.#isOpen = true;
      this.#open.resolve();
    },
    kill: (): void => {
      this.#isKilled = true;
      this.#child?.signal("SIGKILL");
    },
    release: (): void => this.#owner.forget(this),
    tellRoom: (): void => this.#owner.roomMade(),
  };

  readonly #listener: ChildListener = {
    output: (stream, bytes) => {
      if (stream === "stdout") this.#read(bytes);
      else if (this.#said.length < failureBytes) this.#said = Buffer.concat([this.#said, bytes]);
    },
    ended: () => undefined,
    exited: ({ exitCode, failure }) => {
      const said = failure ?? this.#said.toString("utf8", 0, failureBytes).trim();
      this.#over(new FileHelperError(`fs sandbox helper failed with status ${exitCode}: ${said}`));
    },
    stdinClosed: () => undefined,
  };

  async #start(plan: HelperPlan): Promise<void> {
    const child = await plan.start(this.#listener);
    if (child === null) return this.#over(new StaleHelperError());
    this.#child = child;
    if (this.#isKilled) child.signal("SIGKILL");
  }

  #send(bytes: Uint8Array): void {
    // A process that does not read any more is gone, or about to be: its exit settles the call.
    this.#child?.write(bytes).catch(() => undefined);
  }

  async #untilOpen(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([this.#open.promise, aborted.promise]);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  #read(bytes: Uint8Array): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#fail(new FileHelperError("fs sandbox helper said what cannot be understood", { cause: error }));
      this.retire();
    }
  }

  #frame(kind: number, number: number, body: Buffer): void {
    if (kind === frameKinds.ready) return tell(this.#actor, { type: "helper.ready" });
    const pending = this.#calls.get(number);
    if (pending === undefined) return;
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (kind === frameKinds.expect) return pending.expect?.(expectedBytes.parse(value));
    const failure = kind === frameKinds.done ? null : failureOf(helperFailure.parse(value));
    this.#calls.delete(number);
    const { settle } = pending;
    if (settle === null) return tell(this.#actor, { type: "abandoned.ended" });
    if (failure === null) settle.resolve(value);
    else settle.reject(failure);
    this.end();
  }

  #abandon(pending: PendingCall, reason: unknown): void {
    const { settle } = pending;
    if (settle === null) return;
    pending.settle = null;
    pending.expect = () => undefined;
    pending.piece = () => undefined;
    settle.reject(reason);
    tell(this.#actor, { type: "use.abandoned" });
  }

  /** From now on nothing can be asked of it. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#open.reject(error);
    for (const [number, { settle }] of this.#calls) {
      this.#calls.delete(number);
      settle?.reject(error);
    }
  }

  /** The process is gone, or never came. */
  #over(error: Error): void {
    this.#fail(error);
    tell(this.#actor, { type: "helper.exited" });
    this.#child?.release();
    this.#end.resolve();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new FileHelperError(String(error));
}

function failureOf(failure: z.output<typeof helperFailure>): Error {
  if (failure.kind === "fault") return new FileHelperError(`fs sandbox helper failed: ${failure.message}`);
  const path = pathFromBytes(failure.path);
  const op = failure.op as FileOperation; // a name for people
  return failure.kind === "error"
    ? new FileError(failure.errno, op, path)
    : new FileRefusedError(failure.message, op, path);
}
