import type { Actor } from "xstate";
import { sessionMachine } from "../machines/session-machine.ts";
import type { RestoredProcess, SessionJournal } from "../ports/journal-store.ts";
import type { ChildSpec, ProcessFamily, ProcessHost } from "../ports/process-host.ts";
import type { SpillStore } from "../ports/spill-store.ts";
import type { ExecutorTelemetry, ProcessTelemetry, RequestTelemetry, SessionTelemetry } from "../ports/telemetry.ts";
import { rpcError } from "../protocol/errors.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";
import { CloseDelivery } from "./close-delivery.ts";
import { departedChild } from "./departed-child.ts";
import { OutcomeCache } from "./outcome-cache.ts";
import type { OutputLogLimits } from "./output-log.ts";
import type { PrintedChunk } from "./printed-chunk.ts";
import { ProcessActor, type StartRequest } from "./process-actor.ts";
import type { ProcessOwner, ProcessPorts } from "./process-owner.ts";
import { ProcessRecord } from "./process-record.ts";
import { type RecordParts, RecordStore } from "./record-store.ts";
import { type ObservedSession, type ObserverConnection, observerLimits, SessionObserver } from "./session-observer.ts";
import { SpillBudget } from "./spill-budget.ts";

/** A connection, as the session that it holds sees it. */
export interface SessionHolder {
  readonly connectionId: string;
  /**
   * Sends a frame; bytes are the holder's until `sent`. False: the peer reads too slowly, so stop producing until
   * `SessionActor.resumeOutput`.
   */
  push(frame: string | Uint8Array, sent?: () => void): boolean;
  /** Asks the peer for a sign of life, to be reported with `SessionActor.holderHeard`. */
  probe(): void;
  /** Another connection takes the session over: end, and detach. */
  evict(): void;
}

/** The two names of a session, of which each gives its own right. */
export interface SessionNames {
  readonly sessionId: string;
  readonly observerKey: string;
}

/** What a session needs from the registry that keeps it. */
export interface SessionOwner {
  /** The session is over: nobody may find it any more. Called before its processes are killed. */
  forget(session: SessionActor): void;
  /** A machine failed. */
  fault(error: unknown): void;
  /** A journal failed; what it was for goes on without. */
  journalFailed(error: unknown): void;
}

/** What every session of one executor shares. */
export interface SessionPorts extends ActorSystemPorts, ProcessPorts {
  readonly host: ProcessHost;
  /** How long a session outlives its connection (03 `SESSION_TTL`). */
  readonly sessionTtlMs: number;
  readonly outputLog: OutputLogLimits;
  /** Where output goes that does not fit memory. */
  readonly spill: SpillStore;
  /** What one session may put on disk, within the executor's own budget. */
  readonly spillBytesPerSession: number;
  readonly spillBudget: SpillBudget;
  readonly telemetry?: ExecutorTelemetry | undefined;
}

const owners = actorOwners<SessionActor>();

const logic = sessionMachine.provide({
  actions: {
    probeHolder: ({ self }) => owners.of(self).effects.probeHolder(),
    evictHolder: ({ self }) => owners.of(self).effects.evictHolder(),
    expire: ({ self }) => owners.of(self).effects.expire(),
    retire: ({ self }) => owners.of(self).effects.retire(),
  },
});

/**
 * What one orchestrator owns here: its processes, by the ids it chose (02 P-2, P-68). At most one connection holds it and
 * hears of events; holder and sink change together, in one turn (03 SS-10). Observers hear of them too, and count for
 * nothing else: they neither keep a session alive nor stand in the way of whoever resumes it.
 */
export class SessionActor implements ObservedSession, WatchedEntity {
  /** Unguessable; whoever knows it may resume (03 SS-1). */
  readonly sessionId: string;
  /** Unguessable; whoever knows it may observe, and do no more. */
  readonly observerKey: string;
  /** Resolves when the session is over and none of its processes is left. */
  readonly ended: Promise<void>;

  readonly #owner: SessionOwner;
  readonly #ports: SessionPorts;
  readonly #family: ProcessFamily;
  readonly #processPorts: ProcessPorts;
  readonly #actor: Actor<typeof logic>;
  readonly #processes = new Map<string, ProcessActor>();
  readonly #end = Promise.withResolvers<void>();
  readonly #closes = new CloseDelivery(() => this.#holder?.probe());
  readonly #journal: SessionJournal | null;
  readonly #recordParts: RecordParts;
  readonly #processOwner: ProcessOwner<ProcessActor>;
  readonly #telemetry: SessionTelemetry | undefined;
  readonly #observers = new Set<SessionObserver>();
  #holder: SessionHolder | null;
  #starts = 0;

  constructor(
    { sessionId, observerKey }: SessionNames,
    holder: SessionHolder,
    journal: SessionJournal | null,
    owner: SessionOwner,
    ports: SessionPorts,
  ) {
    this.sessionId = sessionId;
    this.observerKey = observerKey;
    this.ended = this.#end.promise;
    this.#holder = holder;
    this.#owner = owner;
    this.#ports = ports;
    this.#telemetry = ports.telemetry?.session(sessionId, holder.connectionId);
    this.#family = ports.host.family();
    this.#processPorts = { ...ports, host: this.#family, ownedBy: this };
    const isHeard = () => this.#holder !== null;
    this.#processOwner = {
      publish: (process, chunk) => this.#publish(process, chunk),
      tell: (frame) => {
        this.#holder?.push(frame);
        for (const observer of this.#observers) observer.tell(frame);
      },
      get isHeard() {
        return isHeard();
      },
      takeOrdinal: () => {
        this.#starts += 1;
        return this.#starts;
      },
      started: (process) => {
        for (const observer of this.#observers) observer.started(process);
      },
      forget: (process) => {
        for (const observer of this.#observers) observer.forget(process);
        // Identity, not name: a late timer must not remove a successor with the same id (02 P-65).
        if (this.#processes.get(process.processId) === process) this.#processes.delete(process.processId);
      },
      closes: this.#closes,
      fault: (error) => owner.fault(error),
    };
    this.#journal = journal;
    this.#recordParts = {
      limits: ports.outputLog,
      spill: ports.spill,
      budget: new SpillBudget(ports.spillBytesPerSession, ports.spillBudget),
      journalFailed: (error) => owner.journalFailed(error),
    };
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `session ${sessionId.slice(0, 8)}`,
      input: { sessionId, holder: holder.connectionId, ttlMs: ports.sessionTtlMs },
      onFault: (error) => {
        owner.fault(error);
        this.effects.expire();
      },
    });
    this.#actor.start();
  }

  /** @inheritDoc */
  facts(): Facts {
    return {
      session: this.sessionId,
      attachedTo: this.#holder?.connectionId ?? null,
      processes: this.#processes.size,
      observers: this.#observers.size,
      waitingResults: this.waitingResults,
    };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** What became of the calls that carried a key (03 D-5). */
  readonly outcomes = new OutcomeCache((key) => {
    const isWritten = this.#attemptOnJournal((journal) => journal.called(key));
    // A later executor that did not know of it would make it again: better that it does not know the session.
    if (!isWritten) this.#attemptOnJournal((journal) => journal.remove());
  });

  /** Of how many closes the client may not know (03 D-3). */
  get waitingResults(): number {
    return this.#closes.waiting;
  }

  /** The processes by id, closed ones included until they are evicted. */
  get processes(): ReadonlyMap<string, ProcessActor> {
    return this.#processes;
  }

  /**
   * A connection asks for the session (03 SS-12). Synchronous: no other connection can come in between.
   * @throws RpcError `sessionAttached` while another connection holds it, `invalidRequest` when it has expired.
   */
  resume(holder: SessionHolder): void {
    if (this.snapshot.hasTag("attached")) {
      tell(this.#actor, { type: "contested" });
      throw rpcError("sessionAttached", `session ${this.sessionId} is already attached to another connection`);
    }
    tell(this.#actor, { type: "resume", connectionId: holder.connectionId, now: this.#ports.clock.now() });
    if (!this.snapshot.hasTag("attached")) throw unknownSession(this.sessionId);
    this.#holder = holder;
    this.#telemetry?.attached(holder.connectionId);
    for (const process of this.#processes.values()) process.attached();
  }

  /** A connection lets go; ignored unless it is the holder (03 SS-13). */
  detach(connectionId: string): void {
    if (this.#holder?.connectionId === connectionId) this.#holder = null;
    tell(this.#actor, { type: "detach", connectionId, now: this.#ports.clock.now() });
    if (this.#holder !== null) return;
    if (this.snapshot.hasTag("detached")) this.#telemetry?.detached();
    this.#closes.holderLost();
    for (const process of this.#processes.values()) process.detached();
  }

  /** The holder gave a sign of life. */
  holderHeard(): void {
    tell(this.#actor, { type: "holder.heard" });
    this.#closes.heard();
  }

  /** The connection can take more output: processes that were held back go on. */
  resumeOutput(): void {
    for (const process of this.#processes.values()) process.resumeOutput();
  }

  /** Its owner leaves for good: kills everything, and the id is forgotten (03 D-14). */
  endNow(): void {
    tell(this.#actor, { type: "end" });
  }

  /**
   * Another connection wants to watch.
   * @throws RpcError `invalidRequest` when enough do already; its data has the reason `tooManyObservers`.
   */
  observe(connection: ObserverConnection): SessionObserver {
    if (this.#observers.size >= observerLimits.perSession) {
      const text = `a session has at most ${observerLimits.perSession} observers`;
      throw rpcError("invalidRequest", text, { reason: "tooManyObservers" });
    }
    const observer = new SessionObserver(this, connection);
    this.#observers.add(observer);
    return observer;
  }

  /** An observer has left; nobody else notices. */
  unobserve(observer: SessionObserver): void {
    this.#observers.delete(observer);
  }

  /** The executor stops. Resolves when every child is gone. */
  async shutdown(): Promise<void> {
    tell(this.#actor, { type: "shutdown" });
    await this.ended;
  }

  /**
   * Starts a process under an id of the client's choice; the same request again, told by its `startId`, joins the first one
   * (03 D-4).
   * @throws RpcError `invalidRequest` for an id in use (02 P-6).
   */
  start(request: StartRequest, spec: ChildSpec, telemetry?: RequestTelemetry): ProcessActor {
    const { processId, startId } = request;
    if (this.snapshot.hasTag("expired")) throw unknownSession(this.sessionId);
    const existing = this.#processes.get(processId);
    if (existing?.wasStartedBy(startId)) return existing;
    if (existing !== undefined) throw rpcError("invalidRequest", `process ${processId} already exists`);
    const store = RecordStore.begin({ processId, startId, stdin: spec.stdin }, this.#journal, this.#recordParts);
    return this.#add(request, spec, store, this.#processPorts, telemetry?.process(processId));
  }

  /** Takes over what an earlier executor has left of a process: it ends at once, and can be read (03 D-8). */
  adopt(left: RestoredProcess): void {
    const spec = { argv: [], arg0: null, cwd: "/", env: {}, stdin: left.stdin };
    const store = RecordStore.restored(left, this.#recordParts);
    const host = departedChild(left.exit?.exitCode ?? null);
    this.#add({ ...left, timeLimitMs: null }, spec, store, { ...this.#processPorts, host });
  }

  /** For the machine's actions only. */
  readonly effects = {
    probeHolder: (): void => this.#holder?.probe(),
    evictHolder: (): void => this.#holder?.evict(),
    expire: (): void => {
      this.#owner.forget(this);
      this.#telemetry?.ended();
      this.#endObservers();
      const ending = [...this.#processes.values()];
      const isStarting = ending.some((process) => process.snapshot.hasTag("starting"));
      for (const process of ending) process.expire();
      // What has fled from the others does not live on until a start that is under way has come to something.
      if (isStarting) this.#family.end().catch(this.#end.reject);
      // The journal last: until all are gone a later executor would have to end them.
      this.#endAfter(
        ending.map((process) => process.ended),
        () => void this.#attemptOnJournal((journal) => journal.remove()),
      );
    },
    retire: (): void => {
      this.#owner.forget(this);
      this.#telemetry?.ended();
      this.#endObservers();
      const stopping = [...this.#processes.values()].map((process) => process.stop());
      this.#endAfter(stopping, () => undefined); // the journal stays for the next executor
    },
  };

  #add(
    request: StartRequest,
    spec: ChildSpec,
    store: RecordStore,
    ports: ProcessPorts,
    telemetry?: ProcessTelemetry,
  ): ProcessActor {
    const record = new ProcessRecord(store, ports.clock);
    const process = new ProcessActor(request, spec, record, this.#processOwner, ports, telemetry);
    this.#processes.set(request.processId, process);
    return process;
  }

  /** Whatever has fled from the processes goes with them (03 D-13). */
  #endAfter(processes: readonly Promise<void>[], finish: () => void): void {
    const family = Promise.all(processes).then(() => this.#family.end());
    void family.then(finish).then(this.#end.resolve, this.#end.reject);
  }

  /** False when the journal refused. */
  #attemptOnJournal(act: (journal: SessionJournal) => void): boolean {
    try {
      if (this.#journal !== null) act(this.#journal);
      return true;
    } catch (error) {
      this.#owner.journalFailed(error);
      return false;
    }
  }

  #publish(process: ProcessActor, chunk: PrintedChunk): boolean {
    const holder = this.#holder;
    if (this.#observers.size === 0) return holder === null || chunk.pushTo((frame, sent) => holder.push(frame, sent));
    for (const observer of this.#observers) observer.output(process, chunk);
    return holder?.push(chunk.text) ?? true;
  }

  #endObservers(): void {
    for (const observer of [...this.#observers]) observer.end();
    this.#observers.clear();
  }
}

/** The one text for a session that is not there, whatever became of it (03 SS-12). */
export function unknownSession(sessionId: string) {
  return rpcError("invalidRequest", `unknown session id ${sessionId}`);
}
