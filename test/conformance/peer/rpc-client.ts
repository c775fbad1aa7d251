import { PATIENCE_MS } from "./arrivals.ts";
import { isObject, type Json, type JsonObject, parseServerMessage } from "./message.ts";
import { WebSocketPeer, type WebSocketPeerOptions } from "./websocket-peer.ts";

/** The error code of a resume while another connection holds the session (01 W-37). */
const SESSION_ATTACHED = -32010;

/** A notification that came, with the time of its arrival. */
export interface HeardNotification {
  readonly method: string;
  readonly params: JsonObject;
  /** `performance.now()` when it came. */
  readonly at: number;
}

/** An answer that came. */
export interface HeardAnswer {
  readonly id: string;
  readonly body: JsonObject;
  /** `performance.now()` when it came. */
  readonly at: number;
}

/** A plain JSON-RPC client over the raw websocket peer, for scenarios that make their own traffic. */
export class RpcClient {
  readonly peer: WebSocketPeer;
  /** All notifications, in the order of the wire. */
  readonly notifications: HeardNotification[] = [];
  /** All answers, in the order of the wire. */
  readonly answers: HeardAnswer[] = [];
  /** The session of this connection, after `handshake`. */
  sessionId = "";

  readonly #byId = new Map<string, HeardAnswer>();
  #lastId = 0;

  private constructor(peer: WebSocketPeer, inbox: string[]) {
    this.peer = peer;
    for (const text of inbox.splice(0)) this.#hear(text);
  }

  /** Connects; the handshake is the caller's. */
  static async connect(url: string, options: Omit<WebSocketPeerOptions, "onMessage"> = {}): Promise<RpcClient> {
    const early: string[] = [];
    let hear = (text: string): void => {
      early.push(text);
    };
    const peer = await WebSocketPeer.open(url, { ...options, keepMessages: false, onMessage: (text) => hear(text) });
    const client = new RpcClient(peer, early);
    hear = (text) => client.#hear(text);
    return client;
  }

  /** Connects and opens a session. */
  static async open(url: string): Promise<RpcClient> {
    const client = await RpcClient.connect(url);
    const { sessionId } = await client.result("initialize", { clientName: "conformance" });
    return client.#enter(sessionId);
  }

  /**
   * Connects and resumes a session whose connection was just dropped. The server has to notice the drop first, so it
   * tries again while the session counts as attached.
   */
  static async resume(url: string, resumeSessionId: string, patienceMs = 2_000): Promise<RpcClient> {
    const client = await RpcClient.connect(url);
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const { body } = await client.answer(client.send("initialize", { clientName: "conformance", resumeSessionId }));
      if (isObject(body.result)) return client.#enter(body.result.sessionId);
      const isAttached = isObject(body.error) && body.error.code === SESSION_ATTACHED;
      if (!isAttached || performance.now() > deadline) throw new Error(`not resumed: ${JSON.stringify(body)}`);
    }
  }

  #enter(sessionId: Json | undefined): this {
    if (typeof sessionId !== "string") throw new Error(`no session id but ${JSON.stringify(sessionId)}`);
    this.sessionId = sessionId;
    this.notify("initialized");
    return this;
  }

  #hear(text: string): void {
    const message = parseServerMessage(text);
    const at = performance.now();
    if (message.kind === "notification") {
      this.notifications.push({ method: message.method, params: message.params, at });
    } else {
      const answer = { id: message.id, body: message.body, at };
      this.answers.push(answer);
      this.#byId.set(message.id, answer);
    }
  }

  /** Sends a request and returns its id, without waiting. */
  send(method: string, params?: Json): string {
    const id = ++this.#lastId;
    this.peer.send(JSON.stringify({ id, method, params }));
    return String(id);
  }

  /** Sends a notification. */
  notify(method: string, params?: Json): void {
    this.peer.send(JSON.stringify({ method, params }));
  }

  /** Waits for the answer to a request. */
  async answer(id: string, timeoutMs = PATIENCE_MS): Promise<HeardAnswer> {
    await this.until(() => this.#byId.has(id), `request ${id} has no answer`, timeoutMs);
    return this.#byId.get(id) as HeardAnswer; // `until` has just seen it
  }

  /** Whether a request has been answered yet. */
  isAnswered(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Sends a request and returns its result; throws if the answer is an error. */
  async result(method: string, params?: Json): Promise<JsonObject> {
    const { body } = await this.answer(this.send(method, params));
    if (!isObject(body.result)) throw new Error(`${method} answered ${JSON.stringify(body)}`);
    return body.result;
  }

  /** Sends a request and returns the code of the error it answers; throws if it succeeds. */
  async errorCode(method: string, params?: Json): Promise<Json | undefined> {
    const { body } = await this.answer(this.send(method, params));
    if (!isObject(body.error)) throw new Error(`${method} succeeded: ${JSON.stringify(body)}`);
    return body.error.code;
  }

  /** The notifications of one process so far, in the order of the wire. */
  eventsOf(processId: string): HeardNotification[] {
    return this.notifications.filter(({ params }) => params.processId === processId);
  }

  /** Waits for a notification of `method` for one process. */
  async event(method: string, processId: string, timeoutMs = PATIENCE_MS): Promise<HeardNotification> {
    const find = () => this.eventsOf(processId).find((event) => event.method === method);
    await this.until(() => find() !== undefined, `no ${method} of ${processId}`, timeoutMs);
    return find() as HeardNotification; // `until` has just seen it
  }

  /** Waits until `condition` holds; fails early when the connection ends. */
  async until(condition: () => boolean, missing: string, timeoutMs = PATIENCE_MS): Promise<void> {
    const { arrivals } = this.peer;
    await arrivals.until(
      () => condition() || this.peer.end !== undefined,
      () => missing,
      timeoutMs,
    );
    if (!condition()) throw new Error(`${missing}: the connection has ended (${this.peer.end?.how})`);
  }

  [Symbol.dispose](): void {
    this.peer.drop();
  }
}

/** The parameters of `process/start` that most scenarios share. */
export function startParams(processId: string, argv: readonly string[], more: JsonObject = {}): JsonObject {
  return {
    processId,
    argv,
    cwd: "file:///tmp",
    env: { PATH: "/usr/bin:/bin" },
    tty: false,
    pipeStdin: false,
    arg0: null,
    ...more,
  };
}
