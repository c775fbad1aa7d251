import { systemClock } from "../ports/clock.ts";
import type { Host } from "../ports/host.ts";
import { JournalError } from "../ports/journal-store.ts";
import type { TransportEnd } from "../ports/transport.ts";
import { parseListenUrl } from "../transports/parse-listen-url.ts";
import { StdioTransport } from "../transports/stdio-transport.ts";
import { listenWebSocket } from "../transports/websocket-listener.ts";
import { Executor, type ExecutorOptions } from "./executor.ts";
import { nodeHost } from "./node-host.ts";

/** How to serve. */
export interface ServeOptions extends ExecutorOptions {
  /** `ws://IP:PORT` with a literal address, 0 for any free port; or `stdio` (01 W-1). Default `ws://127.0.0.1:0`. */
  readonly listen?: string | undefined;
  /** What it runs things on, given over to the executor. Default: this machine. */
  readonly host?: Host | undefined;
  /**
   * A folder in which sessions are written down, output included, so that they outlive the executor: the next one on the
   * same folder resumes them, and tells what became of their processes (03 D-8). For websockets, on this machine, by one
   * executor at a time. Default: none; sessions end with the executor.
   */
  readonly journal?: string | undefined;
}

/** A serving executor. */
export interface Server extends AsyncDisposable {
  /** Where to connect: `ws://ADDRESS:PORT` as bound, or `stdio`. */
  readonly url: string;
  readonly executor: Executor;
  /** Over stdio: resolves when its one connection has ended (01 W-16). Otherwise when the server is closed. */
  readonly ended: Promise<TransportEnd>;
  /** Stops accepting, closes every connection, ends every process group, and resolves when none is left. Idempotent. */
  close(): Promise<void>;
}

/**
 * Runs an executor and lets orchestrators connect to it.
 * @throws ListenUrlError for an unusable `listen`, ListenError when the address cannot be bound, JournalError when the
 * journal cannot be used.
 */
export async function serve(options: ServeOptions = {}): Promise<Server> {
  const target = parseListenUrl(options.listen ?? "ws://127.0.0.1:0");
  const { clock, journal } = options;
  if (journal !== undefined && options.host !== undefined) throw new JournalError("a host brings its own journal");
  if (journal !== undefined && target.kind === "stdio") {
    throw new JournalError("a journal is of no use over stdio: nobody could resume a session");
  }
  const executor = newExecutor(options.host ?? nodeHost(clock, { journal }), options);
  return target.kind === "stdio" ? serveStdio(executor, options) : serveWebSocket(executor, target, options);
}

/** A host that no executor takes is let go of, and its journal with it. */
function newExecutor(host: Host, options: ServeOptions): Executor {
  try {
    return new Executor(host, options);
  } catch (error) {
    host[Symbol.dispose]?.();
    throw error;
  }
}

async function serveWebSocket(
  executor: Executor,
  address: { readonly host: string; readonly port: number },
  { clock = systemClock, logger }: ServeOptions,
): Promise<Server> {
  const ended = Promise.withResolvers<TransportEnd>();
  const listening = listenWebSocket({
    ...address,
    clock,
    onTransport: (transport) => void executor.accept(transport),
    onAcceptError: ({ code }) => logger?.error({ code }, "a connection could not be accepted"),
    onRefused: (status, peer) => logger?.warn({ status, peer }, "http request refused"),
  });
  const listener = await listening.catch(async (error: unknown) => {
    await executor.close();
    throw error;
  });
  const close = once(async () => {
    await Promise.all([listener.close(), executor.close()]);
    ended.resolve({ code: 1001, reason: "the executor is shutting down" });
  });
  return { url: listener.url, executor, ended: ended.promise, close, [Symbol.asyncDispose]: close };
}

function serveStdio(executor: Executor, { clock = systemClock }: ServeOptions): Server {
  const transport = new StdioTransport({ input: process.stdin, output: process.stdout, clock });
  const ended = executor.accept(transport);
  const close = once(async () => {
    await executor.close();
    transport.close(1000, "");
  });
  return { url: "stdio", executor, ended, close, [Symbol.asyncDispose]: close };
}

/** The first call does it, later ones wait for the same end. */
function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
}
