import { Executor } from "../../../src/executor/executor.ts";
import { nodeHost } from "../../../src/executor/node-host.ts";
import type { Host } from "../../../src/ports/host.ts";
import { memoryTransportPair } from "../../../src/transports/memory-transport.ts";
import { type RawAnswer, RawConnection } from "../../raw-connection.ts";

/** How a program ended, with all that it printed. */
export interface ConfinedRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly failure: string | null;
  readonly sandboxDenied: boolean;
}

/** An executor on this machine, with one connection to it. */
export class ConfinedExecutor implements AsyncDisposable {
  readonly peer: RawConnection;
  readonly #executor: Executor;
  #ids = 0;

  private constructor(host: Host) {
    this.#executor = new Executor(host);
    this.peer = this.#dial();
  }

  static async start(host: Host = nodeHost()): Promise<ConfinedExecutor> {
    const executor = new ConfinedExecutor(host);
    await executor.peer.handshake();
    return executor;
  }

  /** Another connection, with a session of its own. */
  async connect(): Promise<RawConnection> {
    const peer = this.#dial();
    await peer.handshake();
    return peer;
  }

  #dial(): RawConnection {
    const [client, server] = memoryTransportPair();
    void this.#executor.accept(server);
    return new RawConnection(client);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#executor.close();
  }
}
