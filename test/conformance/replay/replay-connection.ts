import type { Arrivals } from "../peer/arrivals.ts";
import { type Json, type JsonObject, parseServerMessage } from "../peer/message.ts";
import type { RunningServer } from "../peer/server.ts";
import { StdioPeer } from "../peer/stdio-peer.ts";
import { Opcode } from "../peer/websocket-frame.ts";
import { WebSocketPeer } from "../peer/websocket-peer.ts";
import type { ProcessBook } from "./process-book.ts";
import type { Substitution } from "./substitution.ts";
import type { Line } from "./transcript.ts";

/** What a connection shares with the rest of the replay. */
export interface Surroundings {
  readonly book: ProcessBook;
  readonly names: Substitution;
  /** Wakes what waits for something on any websocket of the replay. */
  readonly arrivals: Arrivals;
  /** Whether pings get a pong. */
  readonly answersPings: boolean;
}

/** One connection of a replay: sends recorded lines, sorts what comes back. */
export class ReplayConnection {
  readonly name: string;
  /** The ids of all answers, in the order of their arrival. */
  readonly answered: string[] = [];
  /** What the server may not send at all. */
  readonly faults: string[] = [];
  /** Whether the recording has ended this connection. */
  isOver = false;
  /** The last request of each id. */
  readonly requests = new Map<string, { readonly method: string; readonly params: Json }>();

  readonly #surroundings: Surroundings;
  readonly #answers = new Map<string, JsonObject[]>();
  #peer: WebSocketPeer | StdioPeer | undefined;
  #session: string | undefined;
  #early: { readonly method: string; readonly params: JsonObject }[] = [];

  private constructor(name: string, surroundings: Surroundings) {
    this.name = name;
    this.#surroundings = surroundings;
  }

  /** Opens a connection to `server`, of the kind that it listens for. */
  static async open(name: string, server: RunningServer, surroundings: Surroundings): Promise<ReplayConnection> {
    const connection = new ReplayConnection(name, surroundings);
    const onMessage = (text: string) => connection.#hear(text);
    connection.#peer =
      server.url === ""
        ? new StdioPeer(server, onMessage)
        : await WebSocketPeer.open(server.url, {
            answerPings: surroundings.answersPings,
            arrivals: surroundings.arrivals,
            onMessage,
          });
    return connection;
  }

  #hear(text: string): void {
    let message: ReturnType<typeof parseServerMessage>;
    try {
      message = parseServerMessage(this.#surroundings.names.toRecorded(text));
    } catch (error) {
      this.faults.push(String(error));
      return;
    }
    if (message.kind === "answer") {
      this.answered.push(message.id);
      const queue = this.#answers.get(message.id) ?? [];
      this.#answers.set(message.id, [...queue, message.body]);
    } else if (this.#session === undefined) this.#early.push(message);
    else this.#surroundings.book.see(this.#session, message.method, message.params);
  }

  /** The session of this connection by its recorded id; notifications that came before it was known count from now. */
  get session(): string | undefined {
    return this.#session;
  }

  set session(recordedId: string) {
    this.#session = recordedId;
    for (const { method, params } of this.#early.splice(0)) this.#surroundings.book.see(recordedId, method, params);
  }

  /** The session, where there has to be one. */
  get knownSession(): string {
    if (this.#session === undefined) throw new Error(`connection ${this.name} has no session yet`);
    return this.#session;
  }

  /** The peer underneath. */
  get peer(): WebSocketPeer | StdioPeer {
    if (!this.#peer) throw new Error(`connection ${this.name} is not open`);
    return this.#peer;
  }

  /** The websocket underneath. */
  get webSocket(): WebSocketPeer {
    if (this.peer instanceof WebSocketPeer) return this.peer;
    throw new Error(`connection ${this.name} is not a websocket`);
  }

  /** Whether the server has ended the connection. */
  get hasEnded(): boolean {
    return this.peer instanceof WebSocketPeer ? this.peer.end !== undefined : this.peer.outputEnded;
  }

  /** Sends a recorded line in the frame in which it was sent. */
  send({ frame = "", payload, request }: Line & { readonly kind: "send" }): void {
    if (request) this.requests.set(request.id, request);
    const bytes = this.#surroundings.names.toServer(payload);
    if (this.peer instanceof StdioPeer) {
      if (frame === "stdin-bytes") this.peer.sendBytes(bytes);
      else this.peer.send(bytes.toString());
      return;
    }
    const [kind = "", ...marks] = frame.split(" ");
    this.peer.sendFrame({
      opcode: opcodeOf(kind),
      payload: bytes,
      fin: !marks.includes("fin=0"),
      masked: !marks.includes("unmasked"),
      rsv1: marks.includes("rsv1"),
    });
  }

  /** Takes the next answer with this id, once it is there; undefined if it is not. */
  takeAnswer(id: string): JsonObject | undefined {
    return this.#answers.get(id)?.shift();
  }

  /** Whether an answer with this id waits to be taken. */
  hasAnswer(id: string): boolean {
    return (this.#answers.get(id)?.length ?? 0) > 0;
  }

  /** The answers that no recorded line has claimed. */
  unclaimed(): JsonObject[] {
    return [...this.#answers.values()].flat();
  }

  /** Waits for a condition over what arrives here. */
  until(condition: () => boolean, missing: () => string): Promise<void> {
    return this.peer.arrivals.until(condition, missing);
  }
}

function opcodeOf(kind: string): number {
  const reserved = /^opcode-(\d+)$/.exec(kind)?.[1];
  if (reserved !== undefined) return Number(reserved);
  const opcode = kind === "" ? Opcode.text : Object.entries(Opcode).find(([name]) => name === kind)?.[1];
  if (opcode === undefined) throw new Error(`unknown frame kind ${kind}`);
  return opcode;
}
