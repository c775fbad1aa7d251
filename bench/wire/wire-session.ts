import { requestFrame, textFrame } from "./client-frame.ts";
import type { Message } from "./message.ts";
import { WireConnection } from "./wire-connection.ts";

/** Hears the events of one process. */
export interface ProcessWatch {
  output?(bytes: number): void;
  exited?(): void;
  closed?(): void;
}

/** How a process is to be started; what is left out has the plainest value. */
export interface WireStart {
  readonly argv: readonly string[];
  readonly tty?: boolean;
  readonly pipeStdin?: boolean;
  readonly cwd?: string;
  /** The context of a sandbox, as it goes over the wire. */
  readonly sandbox?: object;
}

/** The executor does not know the method: there is nothing to measure. */
export class NotOfferedError extends Error {
  override readonly name = "NotOfferedError";
}

const unknownMethod = '"code":-32601';
const firstId = 1_000_000; // all ids have the same length
const path = { PATH: "/usr/local/bin:/usr/bin:/bin" };

/**
 * A session over a byte-level connection. Requests by `call` are for setting things up and for round trips, of which there
 * are thousands; what is there in millions goes out as prepared frames (`connection.send`) and comes back to `onAnswer`.
 */
export class WireSession {
  readonly connection: WireConnection;
  /** Hears the answers to ids that no `call` has; errors too. */
  onAnswer: (message: Message) => void = () => {};
  sessionId = "";
  readonly #calls = new Map<number, { answered(message: Message): void; reject(error: Error): void }>();
  readonly #watches = new Map<string, ProcessWatch>();
  readonly #ends = new Set<(error: Error) => void>();
  #nextId = firstId;
  #nextProcess = 0;

  private constructor(connection: WireConnection) {
    this.connection = connection;
    connection.onMessage = (message) => this.#hear(message);
    connection.onEnd = (reason) => this.#end(new Error(`the connection ended: ${reason}`));
  }

  /** Dials and shakes hands; with an id, resumes that session. */
  static async open(url: string, resumeSessionId: string | null = null): Promise<WireSession> {
    const session = new WireSession(await WireConnection.dial(url));
    const text = await session.call("initialize", { clientName: "bench", resumeSessionId });
    session.sessionId = /"sessionId":"([^"]+)"/.exec(text)?.[1] ?? "";
    session.connection.send(textFrame('{"method":"initialized"}'));
    return session;
  }

  /** Sends a request and resolves with its answer, or as much of its text as is at hand. */
  call(method: string, params: unknown = {}): Promise<string> {
    return this.callFor(method, params, ({ text }) => text);
  }

  /** Sends a request and resolves with what `look` finds in the answer. */
  callFor<T>(method: string, params: unknown, look: (answer: Message) => T): Promise<T> {
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#calls.set(id, { answered: (message) => resolve(look(message)), reject });
    this.connection.send(requestFrame(id, method, params));
    return promise;
  }

  /** Starts a process under a new id; resolves with the id when it has been started. */
  async start(
    { argv, tty = false, pipeStdin = false, cwd = "/tmp", sandbox }: WireStart,
    watch: ProcessWatch = {},
  ): Promise<string> {
    this.#nextProcess += 1;
    const processId = `p${this.#nextProcess}`;
    this.watch(processId, watch);
    await this.call("process/start", { processId, argv, cwd, env: path, tty, pipeStdin, sandbox });
    return processId;
  }

  /** Runs a program until it is closed; resolves with the number of bytes that it printed. Rejects if the connection ends. */
  run(start: WireStart): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    let printed = 0;
    const output = (bytes: number) => {
      printed += bytes;
    };
    this.start(start, { output, closed: () => resolve(printed) }).catch(reject);
    return this.until(promise);
  }

  /** Hears the events of a process from now on, instead of who heard them before. */
  watch(processId: string, watch: ProcessWatch): void {
    this.#watches.set(processId, watch);
  }

  /** Settles as the promise does; rejects if the connection ends before. */
  until<T>(promise: Promise<T>): Promise<T> {
    const { promise: ended, reject } = Promise.withResolvers<never>();
    this.#ends.add(reject);
    return Promise.race([promise, ended]).finally(() => this.#ends.delete(reject));
  }

  #hear(message: Message): void {
    const { kind } = message;
    switch (kind) {
      case "answer":
        return this.#answer(message.id, message);
      case "error":
        return this.#refuse(message);
      case "output":
        return this.#watches.get(message.processId)?.output?.(message.outputBytes);
      case "exited":
        return this.#watches.get(message.processId)?.exited?.();
      case "closed":
        return this.#watches.get(message.processId)?.closed?.();
      default:
        throw new Error(`an executor must not send this: ${message.text}`);
    }
  }

  #answer(id: number, message: Message): void {
    const call = this.#calls.get(id);
    if (call === undefined) return this.onAnswer(message);
    this.#calls.delete(id);
    call.answered(message);
  }

  #refuse(message: Message): void {
    const id = Number(/"id":(-?\d+)\}$/.exec(message.text)?.[1]);
    const call = this.#calls.get(id);
    if (call === undefined) return this.onAnswer(message);
    this.#calls.delete(id);
    call.reject(
      message.text.includes(unknownMethod) ? new NotOfferedError(message.text) : new Error(`refused: ${message.text}`),
    );
  }

  #end(error: Error): void {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
    for (const reject of this.#ends) reject(error);
  }
}
