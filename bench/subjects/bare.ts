import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { descendants, killNow } from "../../test/conformance/peer/process-tree.ts";
import type { Sizes, Values } from "../sizes.ts";
import { endWithUs } from "./left-behind.ts";
import { cpuSeconds } from "./process-cost.ts";

/** What the program of the bare work says: first the port of its echo, then the outcome of each order. */
export type BareReport = { readonly port: number } | { readonly values: Values } | { readonly fault: string };

/** What it is told: do the bare work of this row. */
export interface BareOrder {
  readonly row: string;
  readonly sizes: Sizes;
}

/** The bare work: a plain Node program in a process of its own, which serves nobody but a TCP echo. */
export interface BareSubject extends AsyncDisposable {
  readonly pid: number;
  /** Runs the `work` of a row there. */
  work(row: string, sizes: Sizes): Promise<Values>;
  /** Connects to its TCP echo. */
  echo(): Promise<EchoSocket>;
  cpuSeconds(): number;
}

/** A connection to the TCP echo. */
export class EchoSocket {
  readonly socket: Socket;
  #awaited = 0;
  #done: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#awaited -= chunk.length;
      if (this.#awaited === 0) this.#done();
    });
  }

  /** Sends bytes and resolves when as many have come back. One at a time. */
  roundTrip(bytes: Buffer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited += bytes.length;
    this.#done = resolve;
    this.socket.write(bytes);
    return promise;
  }
}

/** Starts it. */
export async function startBare(): Promise<BareSubject> {
  const child = fork(join(import.meta.dirname, "bare-main.ts"), {
    execArgv: [], // it is a plain program, whatever runs us
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("the program of the bare work could not be started");
  const ended = endWithUs(pid);
  const first = await nextReport(child);
  if (!("port" in first)) throw new Error("the program of the bare work did not say its port");
  const { port } = first;
  const sockets: Socket[] = [];
  return {
    pid,
    work: async (row, sizes) => {
      child.send({ row, sizes } satisfies BareOrder);
      const report = await nextReport(child);
      if ("values" in report) return report.values;
      throw new Error("fault" in report ? report.fault : "an unexpected report");
    },
    echo: async () => {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      sockets.push(socket);
      await once(socket, "connect");
      return new EchoSocket(socket);
    },
    cpuSeconds: () => cpuSeconds(pid),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      const below = descendants(pid);
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      for (const other of below) killNow(other);
      ended();
    },
  };
}

async function nextReport(child: ChildProcess): Promise<BareReport> {
  const { promise, resolve, reject } = Promise.withResolvers<BareReport>();
  const ended = (code: number | null) => reject(new Error(`the program of the bare work ended with ${code}`));
  child.once("message", (report: BareReport) => resolve(report)); // only bare-main.ts is at the other end
  child.once("exit", ended);
  return promise.finally(() => child.off("exit", ended));
}
