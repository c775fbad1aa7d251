import type { Random } from "../ports/random.ts";
import { rpcError } from "../protocol/errors.ts";
import { SessionActor, type SessionHolder, type SessionPorts, unknownSession } from "./session-actor.ts";
import type { ObserverConnection, SessionObserver } from "./session-observer.ts";

/** The sessions of one executor. Look-up, creation and removal are synchronous (03 N-2). */
export class SessionRegistry {
  readonly #sessions = new Map<string, SessionActor>();
  readonly #byObserverKey = new Map<string, SessionActor>();
  readonly #ports: SessionPorts & { readonly random: Random };
  /** Sessions that nobody can find any more, until the last of their processes is gone. */
  readonly #ending = new Set<SessionActor>();
  readonly #fault: (error: unknown) => void;

  /** @param fault hears of a machine that failed. */
  constructor(ports: SessionPorts & { readonly random: Random }, fault: (error: unknown) => void) {
    this.#ports = ports;
    this.#fault = fault;
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
    const owner = {
      forget: (gone: SessionActor) => {
        this.#sessions.delete(gone.sessionId);
        this.#byObserverKey.delete(gone.observerKey);
        this.#ending.add(gone);
        void gone.ended.then(() => this.#ending.delete(gone));
      },
      fault: this.#fault,
    };
    const { random } = this.#ports;
    const names = { sessionId: random.uuid(), observerKey: random.uuid() };
    const session = new SessionActor(names, holder, owner, this.#ports);
    this.#sessions.set(session.sessionId, session);
    this.#byObserverKey.set(session.observerKey, session);
    return session;
  }
}
