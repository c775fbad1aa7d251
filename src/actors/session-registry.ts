import type { JournalStore, RestoredSession, SessionJournal } from "../ports/journal-store.ts";
import type { Random } from "../ports/random.ts";
import { rpcError } from "../protocol/errors.ts";
import { SessionActor, type SessionHolder, type SessionPorts, unknownSession } from "./session-actor.ts";
import type { ObserverConnection, SessionObserver } from "./session-observer.ts";

/** What the sessions of one executor need. */
export interface RegistryPorts extends SessionPorts {
  readonly random: Random;
  /** Where sessions are written down, so that they outlive the executor. */
  readonly journal: JournalStore | undefined;
}

/** Whom a session belongs to that is restored, until it is detached: nobody. */
const gone: SessionHolder = {
  connectionId: "restored",
  push: () => true,
  probe: () => undefined,
  evict: () => undefined,
};

/** The sessions of one executor. Look-up, creation and removal are synchronous (03 N-2). */
export class SessionRegistry {
  readonly #sessions = new Map<string, SessionActor>();
  readonly #ports: RegistryPorts;
  readonly #byObserverKey = new Map<string, SessionActor>();
  /** Sessions that nobody can find any more, until the last of their processes is gone. */
  readonly #ending = new Set<SessionActor>();
  readonly #fault: (error: unknown) => void;

  readonly #journalFailed: (error: unknown) => void;

  /**
   * Begins with the sessions of an earlier executor, if there is a journal: detached, with their whole time before them.
   * @param fault hears of a machine that failed.
   * @param journalFailed hears of a part of the journal that cannot be read or written.
   */
  constructor(ports: RegistryPorts, fault: (error: unknown) => void, journalFailed: (error: unknown) => void) {
    this.#ports = ports;
    this.#fault = fault;
    this.#journalFailed = journalFailed;
    for (const left of ports.journal?.restore(journalFailed) ?? []) this.#restore(left);
  }

  /** The sessions by id. */
  get sessions(): ReadonlyMap<string, SessionActor> {
    return this.#sessions;
  }

  /**
   * Gives a connection a session: a new one, or the one it names (03 SS-11, SS-12).
   * @throws RpcError `invalidRequest` for an unknown or expired session, `sessionAttached` for one that is held.
   */
  attach(resumeSessionId: string | null, holder: SessionHolder): SessionActor {
    if (resumeSessionId === null) return this.#create(holder);
    const session = this.#sessions.get(resumeSessionId);
    if (session === undefined) throw unknownSession(resumeSessionId);
    session.resume(holder);
    return session;
  }

  /**
   * Lets a connection observe the session with this key.
   * @throws RpcError `invalidRequest` for an unknown key, in a text without it, and as `SessionActor.observe` does.
   */
  observe(observerKey: string, connection: ObserverConnection): SessionObserver {
    const session = this.#byObserverKey.get(observerKey);
    if (session === undefined) throw rpcError("invalidRequest", "no session has this observer key");
    return session.observe(connection);
  }

  /** Ends every session and waits until no child is left. */
  async shutdown(): Promise<void> {
    const ending = [...this.#ending].map((session) => session.ended);
    await Promise.all([...ending, ...[...this.#sessions.values()].map((session) => session.shutdown())]);
  }

  #create(holder: SessionHolder): SessionActor {
    const sessionId = this.#ports.random.uuid();
    return this.#add(sessionId, holder, this.#journalOf(sessionId));
  }

  #restore({ sessionId, processes, calls, journal }: RestoredSession): void {
    const session = this.#add(sessionId, gone, journal);
    for (const key of calls) session.outcomes.interrupted(key);
    for (const process of processes) session.adopt(process);
    session.detach(gone.connectionId);
  }

  #journalOf(sessionId: string): SessionJournal | null {
    try {
      return this.#ports.journal?.begin(sessionId) ?? null;
    } catch (error) {
      this.#journalFailed(error);
      return null;
    }
  }

  #add(sessionId: string, holder: SessionHolder, journal: SessionJournal | null): SessionActor {
    const owner = {
      forget: (ending: SessionActor) => {
        this.#sessions.delete(ending.sessionId);
        this.#byObserverKey.delete(ending.observerKey);
        this.#ending.add(ending);
        void ending.ended.then(() => this.#ending.delete(ending));
      },
      fault: this.#fault,
      journalFailed: this.#journalFailed,
    };
    const names = { sessionId, observerKey: this.#ports.random.uuid() };
    const session = new SessionActor(names, holder, journal, owner, this.#ports);
    this.#sessions.set(sessionId, session);
    this.#byObserverKey.set(names.observerKey, session);
    return session;
  }
}
