import { type ConnectOptions, connect } from "../../src/client/connect.ts";
import type { Link } from "../../src/client/link.ts";
import type { Transport } from "../../src/ports/transport.ts";
import {
  decodeMessage,
  encodeError,
  encodeNotification,
  encodeResult,
  type RequestId,
} from "../../src/protocol/envelope.ts";
import { RpcError } from "../../src/protocol/errors.ts";
import { memoryTransportPair } from "../../src/transports/memory-transport.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** A request as an executor gets it. */
export interface HeardRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** Lets everything happen that is possible without time passing. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An executor that is played by the test: it answers what it is told to, when it is told to. */
export class ScriptedPeer {
  readonly requests: HeardRequest[] = [];
  readonly transport: Transport;

  /** @param answersHandshake whether `initialize` is answered by itself. */
  constructor(transport: Transport, answersHandshake: boolean) {
    this.transport = transport;
    transport.open({
      message: (data) => {
        const message = decodeMessage(data);
        if (message.kind !== "request") return;
        // The client sends objects only.
        const params = message.params as Record<string, unknown>;
        this.requests.push({ id: message.id, method: message.method, params });
        if (message.method === "initialize" && answersHandshake) this.answer({ sessionId: "s" });
      },
      heard: () => undefined,
      drained: () => undefined,
      ended: () => undefined,
    });
  }

  /** The request that came last. */
  get last(): HeardRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error("nothing was asked");
    return request;
  }

  /** Answers a request, the last one unless another is named. */
  answer(result: unknown, id: RequestId = this.last.id): void {
    this.transport.send(encodeResult(id, result));
  }

  /** Refuses the last request. */
  refuse(code: number, message: string): void {
    this.transport.send(encodeError(this.last.id, new RpcError(code, message)));
  }

  /** Sends a notification. */
  notify(method: string, params: unknown): void {
    this.transport.send(encodeNotification(method, params));
  }
}

/** Begins to connect to a scripted executor on virtual time. */
export function dialScripted(options: ConnectOptions & { readonly answersHandshake?: boolean } = {}) {
  const { answersHandshake = true, ...rest } = options;
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  const [client, executor] = memoryTransportPair();
  const peer = new ScriptedPeer(executor, answersHandshake);
  const onFault = (error: unknown) => faults.push(error);
  const connecting = connect({ transport: client }, { clock, onFault, ...rest });
  return { peer, clock, faults, connecting };
}

/** A link to a scripted executor. */
export async function scriptedLink(): Promise<Omit<ReturnType<typeof dialScripted>, "connecting"> & { link: Link }> {
  const { connecting, ...rest } = dialScripted();
  return { ...rest, link: await connecting };
}

/** Starts a process and lets the executor agree; resolves with the handle and its id. */
export async function startScripted(link: Link, peer: ScriptedPeer) {
  const starting = link.start(["program"], { stdin: true });
  await settled();
  const processId = String(peer.last.params.processId);
  peer.answer({ processId });
  return { process: await starting, processId };
}
