import type { Transport, TransportEnd } from "../src/ports/transport.ts";
import { decodeMessage, encodeNotification, encodeRequest } from "../src/protocol/envelope.ts";
import type { RpcError } from "../src/protocol/errors.ts";

/** A notification that came. */
export interface RawNotification {
  readonly method: string;
  // A raw peer looks at what came as it came.
  readonly params: Record<string, unknown>;
}

/** What a request was answered with. */
export type RawAnswer = { readonly result: Record<string, unknown> } | { readonly error: RpcError };

/** A plain peer of an executor: sends whatever it is told, and keeps everything that comes. */
export class RawConnection {
  readonly transport: Transport;
  /** Every message as it came. */
  readonly texts: string[] = [];
  readonly notifications: RawNotification[] = [];
  /** The ids that were answered, in the order of the answers. */
  readonly answered: unknown[] = [];
  /** The errors that belong to no request (01 W-31). */
  readonly malformed: RpcError[] = [];
  readonly ended: Promise<TransportEnd>;
  /** How it ended; undefined while it lives. */
  end: TransportEnd | undefined;
  readonly #answers = new Map<unknown, (answer: RawAnswer) => void>();
  #nextId = 1;

  constructor(transport: Transport) {
    this.transport = transport;
    const { promise, resolve } = Promise.withResolvers<TransportEnd>();
    this.ended = promise;
    transport.open({
      message: (data) => this.#hear(data),
      heard: () => undefined,
      drained: () => undefined,
      ended: (end) => {
        this.end = end;
        resolve(end);
      },
    });
  }

  /** Sends a text as it is. */
  send(text: string | Uint8Array): void {
    this.transport.send(text);
  }

  /** Sends a notification. */
  notify(method: string, params: unknown = {}): void {
    this.send(encodeNotification(method, params));
  }

  /** Sends a request and resolves with its answer, whatever it is. @param edit changes the text that is sent */
  answer(method: string, params: unknown = {}, edit = (text: string) => text): Promise<RawAnswer> {
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve } = Promise.withResolvers<RawAnswer>();
    this.#answers.set(id, resolve);
    this.send(edit(encodeRequest(id, method, params)));
    return promise;
  }

  /** Sends a request and resolves with its result; rejects with the error that it was answered with. */
  async request(method: string, params: unknown = {}): Promise<Record<string, unknown>> {
    const answer = await this.answer(method, params);
    if ("error" in answer) throw answer.error;
    return answer.result;
  }

  /** Shakes hands and resolves with the session id. */
  async handshake(resumeSessionId: string | null = null): Promise<string> {
    const { sessionId } = await this.request("initialize", { clientName: "raw", resumeSessionId });
    this.notify("initialized");
    return String(sessionId);
  }

  /** The notifications of one process, in the order of the wire. */
  eventsOf(processId: string): RawNotification[] {
    return this.notifications.filter(({ params }) => params.processId === processId);
  }

  #hear(data: string | Uint8Array): void {
    this.texts.push(typeof data === "string" ? data : new TextDecoder().decode(data));
    const message = decodeMessage(data);
    switch (message.kind) {
      case "notification":
        // The executor's notifications always carry an object (01 section 10).
        this.notifications.push({ method: message.method, params: message.params as Record<string, unknown> });
        return;
      case "response":
        return this.#settle(message.id, { result: message.result as Record<string, unknown> }); // as above
      case "error":
        if (message.id === -1) this.malformed.push(message.error);
        return this.#settle(message.id, { error: message.error });
      default:
        throw new Error(`an executor must not send this: ${data}`);
    }
  }

  #settle(id: unknown, answer: RawAnswer): void {
    this.answered.push(id);
    this.#answers.get(id)?.(answer);
    this.#answers.delete(id);
  }
}
