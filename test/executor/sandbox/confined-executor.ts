import { Executor } from "../../../src/executor/executor.ts";
import { nodeHost } from "../../../src/executor/node-host.ts";
import { systemClock } from "../../../src/ports/clock.ts";
import type { Host } from "../../../src/ports/host.ts";
import type { Transport } from "../../../src/ports/transport.ts";
import { dialWebSocket } from "../../../src/transports/dial-websocket.ts";
import { memoryTransportPair } from "../../../src/transports/memory-transport.ts";
import { type ServerKind, startServer } from "../../conformance/peer/server.ts";
import { type RawAnswer, RawConnection } from "../../raw-connection.ts";

/** How a program ended, with all that it printed. */
export interface ConfinedRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly failure: string | null;
  readonly sandboxDenied: boolean;
}

/** The user that an executor under test runs as where it is not ours; `undefined`: ours. */
export type OtherUser = number | undefined;

/** Somebody without any rights; only root can become them. */
export const nobody = 65_534;

/** Whom the tests of confinement can be run as here: this user, and where that is root an ordinary one too. */
export const usersHere: readonly { readonly name: string; readonly uid: OtherUser }[] = [
  { name: process.getuid?.() === 0 ? "as root" : "as this user", uid: undefined },
  ...(process.getuid?.() === 0 ? [{ name: "as an ordinary user", uid: nobody }] : []),
];

/** An executor on this machine, with one connection to it. */
export class ConfinedExecutor implements AsyncDisposable {
  readonly peer: RawConnection;
  /** Its own process. */
  readonly pid: number;
  readonly #stop: () => Promise<void>;
  #ids = 0;

  readonly #dial: () => Promise<Transport>;

  private constructor(
    transport: Transport,
    pid: number,
    { dial, stop }: { readonly dial: () => Promise<Transport>; readonly stop: () => Promise<void> },
  ) {
    this.peer = new RawConnection(transport);
    this.pid = pid;
    this.#dial = dial;
    this.#stop = stop;
  }

  /** In this process, on this host. */
  static async on(host: Host): Promise<ConfinedExecutor> {
    const inner = new Executor(host);
    const dial = async () => {
      const [client, server] = memoryTransportPair();
      void inner.accept(server);
      return client;
    };
    const executor = new ConfinedExecutor(await dial(), process.pid, { dial, stop: () => inner.close() });
    await executor.peer.handshake();
    return executor;
  }

  /** Another connection, with a session of its own. */
  async connect(): Promise<RawConnection> {
    const peer = new RawConnection(await this.#dial());
    await peer.handshake();
    return peer;
  }

  /** In this process; or as another user, who has a process of their own. */
  static async start(uid?: OtherUser): Promise<ConfinedExecutor> {
    return uid === undefined ? ConfinedExecutor.on(nodeHost()) : ConfinedExecutor.served("proctor", uid);
  }

  /** A server, ours or the reference. */
  static async served(
    kind: ServerKind,
    uid?: OtherUser,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ConfinedExecutor> {
    const server = await startServer(kind, { restartable: true, env, ...(uid !== undefined && { uid }) });
    const { pid } = server.child;
    if (pid === undefined) throw new Error("a server that listens has a number");
    const dial = () => dialWebSocket(server.url, { clock: systemClock });
    const transport = await dial();
    const stop = async () => {
      transport.destroy();
      await server[Symbol.asyncDispose]();
    };
    const executor = new ConfinedExecutor(transport, pid, { dial, stop });
    await executor.peer.handshake();
    return executor;
  }

  /** Asks for a start; the id of the process is in the request. */
  async ask(params: object): Promise<{ readonly processId: string; readonly answer: RawAnswer }> {
    const processId = `p${++this.#ids}`;
    const answer = await this.peer.answer("process/start", { processId, env: {}, tty: false, ...params });
    return { processId, answer };
  }

  /** Runs a program to its end; the error where it was not started. */
  async run(
    params: object,
  ): Promise<ConfinedRun | { readonly error: { readonly rpcCode: number; readonly message: string } }> {
    const { processId, answer } = await this.ask(params);
    return "error" in answer ? answer : this.end(processId);
  }

  /** Waits for the end of a process. */
  async end(processId: string): Promise<ConfinedRun> {
    const output = { stdout: "", stderr: "", pty: "" };
    for (let afterSeq = 0; ; ) {
      // The answer of an executor of ours, as its schema says.
      const page = (await this.peer.request("process/read", { processId, afterSeq, waitMs: 10_000 })) as {
        chunks: { stream: keyof typeof output; chunk: string }[];
        nextSeq: number;
        closed: boolean;
        exitCode: number;
        failure: string | null;
        sandboxDenied: boolean;
      };
      for (const { stream, chunk } of page.chunks) output[stream] += Buffer.from(chunk, "base64").toString();
      afterSeq = page.nextSeq - 1;
      if (!page.closed) continue;
      const { exitCode, failure, sandboxDenied } = page;
      return { exitCode, failure, sandboxDenied, stdout: output.stdout + output.pty, stderr: output.stderr };
    }
  }

  /** Resolves when a process has printed a text; fails when it ends without. */
  async printed(processId: string, text: string): Promise<void> {
    for (let afterSeq = 0, seen = ""; !seen.includes(text); ) {
      const page = await this.peer.request("process/read", { processId, afterSeq, waitMs: 10_000 });
      const chunks = page.chunks as { chunk: string }[]; // as the schema of the answer says
      for (const { chunk } of chunks) seen += Buffer.from(chunk, "base64").toString();
      afterSeq = Number(page.nextSeq) - 1;
      if (page.closed === true && !seen.includes(text)) throw new Error(`ended without ${text}: ${seen}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}
