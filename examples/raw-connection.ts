import { once } from "node:events";
import { WebSocket } from "ws";

/** A message from the executor that answers nothing: output, an exit, a close. */
export interface Notification {
  readonly method: string;
  readonly params: { readonly seq: number; readonly chunk?: string };
}

/** What `process/read` answers, as far as this example looks. */
export interface ReadResult {
  readonly chunks: readonly { readonly seq: number; readonly chunk: string }[];
  readonly nextSeq: number;
}

/** The protocol with bare hands: one websocket, a JSON text a message, answers matched by `id`. */
export class RawConnection {
  readonly #socket: WebSocket;
  readonly #notified: (notification: Notification) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #requests = 0;

  private constructor(socket: WebSocket, notified: (notification: Notification) => void) {
    this.#socket = socket;
    this.#notified = notified;
    socket.on("message", (data) => this.#message(JSON.parse(String(data))));
    socket.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the connection ended before the answer"));
    });
  }

  static async open(url: string, notified: (notification: Notification) => void): Promise<RawConnection> {
    const socket = new WebSocket(url);
    await once(socket, "open");
    return new RawConnection(socket, notified);
  }

  /** Begins a session, or takes up the one with this id; resolves to its id. */
  async initialize(resumeSessionId: string | null): Promise<string> {
    const result = await this.request("initialize", { clientName: "demo", resumeSessionId });
    this.#socket.send(JSON.stringify({ method: "initialized", params: {} }));
    return (result as { sessionId: string }).sessionId; // as the protocol says
  }

  request(method: string, params: object): Promise<unknown> {
    this.#requests += 1;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#requests, answer);
    this.#socket.send(JSON.stringify({ id: this.#requests, method, params }));
    return answer.promise;
  }

  /** Cuts the connection in the middle, without a goodbye, as a lost network would. */
  async cut(): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.terminate();
    await closed;
  }

  #message(message: Notification & { id?: number; result?: unknown; error?: { message: string } }): void {
    if (message.id === undefined) return this.#notified(message);
    const answer = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error !== undefined) answer?.reject(new Error(message.error.message));
    else answer?.resolve(message.result);
  }
}
