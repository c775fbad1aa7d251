import { type Observable, Subject } from "rxjs";
import type { Actor, InspectionEvent } from "xstate";
import { actorOwners, tell } from "../actors/actor-owners.ts";
import type { ActorWatch, Facts, WatchedEntity } from "../actors/actor-watch.ts";
import type { ProcessExit } from "../actors/event-order.ts";
import { throwFault } from "../actors/throw-fault.ts";
import type { Link } from "../client/link.ts";
import type { RemoteProcess } from "../client/remote-process.ts";
import type { StartOptions } from "../client/start-options.ts";
import { mcpServerMachine } from "../machines/mcp-server-machine.ts";
import { type Clock, systemClock } from "../ports/clock.ts";
import { LineSplitter } from "../transports/line-splitter.ts";
import { type JsonRpcMessage, parseMessage } from "./json-rpc-message.ts";
import { McpMessageTooLongError, McpTransportStateError } from "./mcp-errors.ts";
import { TextLines } from "./text-lines.ts";

/** How an MCP server is started and ended; every member has a default. */
export interface RemoteStdioOptions extends Pick<StartOptions, "cwd" | "env" | "inheritEnv" | "arg0"> {
  /** How long each step of the farewell may take, in milliseconds. Default 2 000. */
  readonly graceMs?: number | undefined;
  /** The longest message, in bytes, in either direction. Default 64 MiB (06 M-8). */
  readonly longestMessageBytes?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Sees every event and transition of its statechart. */
  readonly onInspection?: ((event: InspectionEvent) => void) | undefined;
  /** Hears of its statechart, such as the hub of an inspector. */
  readonly watch?: ActorWatch | undefined;
  /** Hears of a fault inside Proctor itself. Default: it is thrown as an uncaught exception, since it is a bug. */
  readonly onFault?: ((error: unknown) => void) | undefined;
}

const owners = actorOwners<RemoteStdioTransport>();

const logic = mcpServerMachine.provide({
  actions: {
    abandonStart: ({ self }) => owners.of(self).effects.abandonStart(),
    endInput: ({ self }) => owners.of(self).effects.endInput(),
    askToEnd: ({ self }) => owners.of(self).effects.askToEnd(),
    kill: ({ self }) => owners.of(self).effects.kill(),
    announce: ({ self }) => owners.of(self).effects.announce(),
  },
});

const utf8 = new TextEncoder();

/**
 * An MCP server as a process of an executor: a transport for the client of any line of the MCP SDK, whose `Transport` it is by its
 * shape (06 section 12.1). A message is a line of JSON in each direction. It survives a lost connection as the process does: what
 * was on its way arrives, once. Closing it is the shutdown that MCP asks for, and waits for the end of the server.
 */
export class RemoteStdioTransport implements AsyncDisposable, WatchedEntity {
  /** Called once, when the server is gone or could not be started, and after `close()`. */
  onclose?: (() => void) | undefined;
  /** Hears of lines that are no messages (McpLineError), which harm nothing else, and of why the transport ends by itself. */
  onerror?: ((error: Error) => void) | undefined;
  /** Called with each message, in the order in which the server wrote them. */
  onmessage?: ((message: JsonRpcMessage) => void) | undefined;

  readonly #link: Link;
  readonly #argv: readonly string[];
  readonly #options: RemoteStdioOptions;
  readonly #limitBytes: number;
  readonly #actor: Actor<typeof logic>;
  readonly #abandon = new AbortController();
  readonly #stderr = new Subject<string>();
  readonly #exited = Promise.withResolvers<ProcessExit>();
  readonly #closed = Promise.withResolvers<void>();
  #process: RemoteProcess | null = null;

  /** @param argv the server's program and its arguments, as it is called on the executor; no shell is involved */
  constructor(link: Link, argv: readonly string[], options: RemoteStdioOptions = {}) {
    this.#link = link;
    this.#argv = argv;
    this.#options = options;
    this.#limitBytes = options.longestMessageBytes ?? 64 * 1024 * 1024;
    this.#actor = owners.create(logic, this, {
      clock: options.clock ?? systemClock,
      onInspection: options.onInspection,
      watch: options.watch,
      id: `mcp server ${argv[0] ?? ""}`,
      input: { canEndInput: link.offers("closeStdin"), graceMs: options.graceMs ?? 2_000 },
      onFault: options.onFault ?? throwFault,
    });
    this.#exited.promise.catch(() => undefined); // not everybody asks
    this.#actor.start();
  }

  /** What the server writes to stderr, line by line; without the lines that nobody has subscribed to yet (06 M-4). */
  get stderr$(): Observable<string> {
    return this.#stderr.asObservable();
  }

  /** How the server ended. Rejects when it could not be started, or when its link fails first. */
  get exited(): Promise<ProcessExit> {
    return this.#exited.promise;
  }

  /** The name under which the executor knows the server; `undefined` before it has started. */
  get processId(): string | undefined {
    return this.#process?.processId;
  }

  /** @inheritDoc */
  facts(): Facts {
    return { program: this.#argv[0] ?? "", processId: this.processId ?? null };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /**
   * Starts the server; the SDK's client does that when it connects.
   * @throws McpTransportStateError the second time; otherwise as `Link.start`
   */
  async start(): Promise<void> {
    if (!this.snapshot.can({ type: "start" })) {
      throw new McpTransportStateError("an MCP transport starts once; the SDK's client starts it when it connects");
    }
    tell(this.#actor, { type: "start" });
    const { cwd, env, inheritEnv, arg0 } = this.#options;
    try {
      const { signal } = this.#abandon;
      this.#process = await this.#link.start(this.#argv, { cwd, env, inheritEnv, arg0, stdin: true, signal });
    } catch (error) {
      this.#exited.reject(error);
      tell(this.#actor, { type: "start.failed" });
      throw error;
    }
    this.#process.exited.then(this.#exited.resolve, this.#exited.reject);
    tell(this.#actor, { type: "server.started" });
    void this.#follow(this.#process);
  }

  /**
   * Sends one message. Resolves when the executor has it for the server; while the link recovers it waits.
   * @throws McpMessageTooLongError, McpTransportStateError; otherwise as `RemoteStdin.write`
   */
  async send(message: JsonRpcMessage): Promise<void> {
    if (this.#process === null || !this.snapshot.hasTag("usable")) {
      throw new McpTransportStateError("the MCP server is not running");
    }
    const line = utf8.encode(`${JSON.stringify(message)}\n`);
    if (line.length > this.#limitBytes)
      throw new McpMessageTooLongError("a message to the MCP server", this.#limitBytes);
    await this.#process.stdin.write(line);
  }

  /**
   * Ends the server: closes its stdin; after a grace sends SIGTERM to its group, after another one SIGKILL. On an executor that
   * can do neither it is interrupted, and killed after a grace. Resolves when nothing is left of it. Idempotent.
   */
  close(): Promise<void> {
    tell(this.#actor, { type: "close" });
    return this.#closed.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For the machine's actions only. */
  readonly effects = {
    abandonStart: (): void => this.#abandon.abort(new McpTransportStateError("closed while the MCP server started")),
    endInput: (): void => this.#attempt((server) => server.stdin.end()),
    askToEnd: (): void =>
      this.#attempt((server) => (this.#link.offers("kill") ? server.kill("SIGTERM") : server.interrupt())),
    kill: (): void => this.#attempt((server) => server.terminate()),
    announce: (): void => {
      this.#stderr.complete();
      this.#closed.resolve();
      // Not in the middle of a transition: whoever hears it may look at us, or close us.
      queueMicrotask(() => this.onclose?.());
    },
  };

  /** Nobody waits for these: the next step follows anyway, and the server's end is what counts. */
  #attempt(step: (server: RemoteProcess) => Promise<unknown>): void {
    if (this.#process !== null) step(this.#process).catch((error: unknown) => this.#report(error));
  }

  async #follow(server: RemoteProcess): Promise<void> {
    try {
      await this.#read(server);
    } catch (error) {
      this.#report(error);
      tell(this.#actor, { type: "server.failed" });
    }
    // Where the link has failed that is not news: the reading ended for the same reason.
    await server.closed.catch(() => undefined);
    tell(this.#actor, { type: "server.closed" });
  }

  async #read(server: RemoteProcess): Promise<void> {
    const messages = new LineSplitter(this.#limitBytes);
    const stderr = new TextLines();
    for await (const { stream, bytes } of server.output) {
      if (stream === "stderr") for (const line of stderr.push(bytes)) this.#stderr.next(line);
      else for (const line of messages.push(bytes)) await this.#receive(line);
      if (messages.overflowed) throw new McpMessageTooLongError("a message of the MCP server", this.#limitBytes);
    }
    for (const line of messages.end()) await this.#receive(line);
    for (const line of stderr.end()) this.#stderr.next(line);
  }

  async #receive(line: Uint8Array): Promise<void> {
    try {
      // A turn for each: the SDK takes in progress a step after it has come, and by then the answer must not have overtaken it.
      this.onmessage?.(parseMessage(line));
      await Promise.resolve();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.onerror?.(error instanceof Error ? error : new Error(String(error)));
  }
}
