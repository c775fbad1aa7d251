import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Which way bytes go. */
export type Direction = "toExecutor" | "toClient";

/** One connection through the proxy. */
interface Pair {
  readonly client: Socket;
  readonly executor: Socket;
  /** The ways of this path that are silent. */
  readonly stalled: Set<Direction>;
}

/**
 * A TCP proxy that does to connections what networks do: cuts them, refuses them, lets them go silent in either direction
 * without a word, and slows them down. It knows nothing of the protocol.
 */
export class FaultProxy implements AsyncDisposable {
  /** What a client dials. */
  readonly url: string;
  /** Connections that were accepted so far. */
  accepted = 0;
  /** When clients dialled after the last cut, whether they were accepted or not: milliseconds from the cut. */
  attemptsAfterCutMs: number[] = [];
  /** Bytes that went to clients so far. */
  bytesToClient = 0;
  /** Called with each piece before it goes on. */
  onBytes: ((direction: Direction, piece: Buffer) => void) | null = null;
  /** Called with each piece that a silent path holds back. */
  onHeld: ((direction: Direction, piece: Buffer) => void) | null = null;

  #cutAtMs = Number.NaN;
  readonly #server: Server;
  #targetPort: number;
  readonly #pairs = new Set<Pair>();
  /** The silent ways of every path that is open, and of those to come. */
  #stalled = new Set<Direction>();
  readonly #healed: (() => void)[] = [];
  #isRefusing = false;
  #pieceBytes = Number.POSITIVE_INFINITY;

  private constructor(server: Server, port: number, targetPort: number) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${port}`;
    this.#targetPort = targetPort;
    server.on("connection", (client: Socket) => this.#accept(client));
  }

  /** Starts one in front of an executor's URL. */
  static async before(executorUrl: string): Promise<FaultProxy> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server has an address with a port");
    return new FaultProxy(server, address.port, Number(new URL(executorUrl).port));
  }

  /** Open connections. */
  get open(): number {
    return this.#pairs.size;
  }

  /** New connections go to another executor, as after a restart. */
  retarget(executorUrl: string): void {
    this.#targetPort = Number(new URL(executorUrl).port);
  }

  /** Resets every connection, both ends. */
  cut(): void {
    for (const { client, executor } of this.#pairs) {
      client.resetAndDestroy();
      executor.resetAndDestroy();
    }
    this.#pairs.clear();
    this.#cutAtMs = performance.now();
    this.attemptsAfterCutMs = [];
  }

  /** From now on new connections are reset at once; or no more. */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  /** Lets the path go silent, in one direction or both: what is sent is swallowed by nobody, and told to nobody. */
  stall(...directions: readonly Direction[]): void {
    for (const direction of directions.length > 0 ? directions : (["toExecutor", "toClient"] as const)) {
      this.#stalled.add(direction);
    }
  }

  /** What was held goes on. */
  heal(): void {
    this.#stalled.clear();
    this.#resume();
  }

  /** The paths that are silent stay so, whatever happens; new ones are sound. */
  openAnotherPath(): void {
    this.#stalled = new Set();
  }

  /** Passes on no more than so many bytes at once, one piece a turn of the event loop. */
  throttle(pieceBytes: number): void {
    this.#pieceBytes = pieceBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stalled } of this.#pairs) stalled.clear();
    this.heal();
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #resume(): void {
    for (const resume of this.#healed.splice(0)) resume();
  }

  #accept(client: Socket): void {
    client.on("error", () => undefined); // a reset is what this proxy is for
    if (!Number.isNaN(this.#cutAtMs)) this.attemptsAfterCutMs.push(performance.now() - this.#cutAtMs);
    if (this.#isRefusing) return void client.resetAndDestroy();
    this.accepted += 1;
    const executor = connect({ port: this.#targetPort, host: "127.0.0.1", noDelay: true });
    client.setNoDelay(true);
    const pair: Pair = { client, executor, stalled: this.#stalled };
    this.#pairs.add(pair);
    // A client that hangs up while the path is silent is not heard of at the other end either.
    const end = (other: Socket, direction: Direction) => () => {
      this.#pairs.delete(pair);
      if (pair.stalled.has(direction)) this.#healed.push(() => other.destroy());
      else other.destroy();
    };
    executor.on("error", () => undefined).on("close", end(client, "toClient"));
    client.on("close", end(executor, "toExecutor"));
    void this.#pump(pair, client, executor, "toExecutor");
    void this.#pump(pair, executor, client, "toClient");
  }

  async #pump(pair: Pair, from: Socket, to: Socket, direction: Direction): Promise<void> {
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        for (let start = 0, end = 0; start < chunk.length; start = end) {
          end = Math.min(chunk.length, start + this.#pieceBytes);
          const piece = chunk.subarray(start, end);
          if (Number.isFinite(this.#pieceBytes)) await new Promise((resolve) => setImmediate(resolve));
          if (pair.stalled.has(direction)) this.onHeld?.(direction, piece);
          while (pair.stalled.has(direction)) await new Promise<void>((resolve) => this.#healed.push(resolve));
          this.onBytes?.(direction, piece);
          if (to.destroyed) return;
          if (direction === "toClient") this.bytesToClient += piece.length;
          if (!to.write(piece)) await drainedOrClosed(to);
        }
      }
    } catch {
      // The connection was reset; its end is handled where it is reported.
    }
  }
}

async function drainedOrClosed(socket: Socket): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(socket, "drain", { signal }), once(socket, "close", { signal })]);
  } finally {
    over.abort(); // the other one is not waited for any more
  }
}
