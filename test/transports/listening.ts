import { type Clock, systemClock } from "../../src/ports/clock.ts";
import { dialWebSocket } from "../../src/transports/dial-websocket.ts";
import { listenWebSocket, type WebSocketListener } from "../../src/transports/websocket-listener.ts";
import type { WebSocketTransport } from "../../src/transports/websocket-transport.ts";
import { RecordingListener } from "./recording-listener.ts";

/** A transport with what it said so far. */
export interface Opened {
  readonly transport: WebSocketTransport;
  readonly heard: RecordingListener;
}

/** A listener on a free loopback port, and its connections in the order in which they came. */
export class Listening implements AsyncDisposable {
  readonly accepted: Opened[] = [];
  #listener: WebSocketListener | null = null;
  #onAccept: () => void = () => undefined;

  /** Starts; connections are opened at once. */
  static async start(clock: Clock = systemClock): Promise<Listening> {
    const listening = new Listening();
    listening.#listener = await listenWebSocket({
      host: "127.0.0.1",
      port: 0,
      clock,
      onTransport: (transport) => {
        const heard = new RecordingListener();
        transport.open(heard);
        listening.accepted.push({ transport, heard });
        listening.#onAccept();
      },
    });
    return listening;
  }

  get port(): number {
    return this.listener.port;
  }

  get url(): string {
    return this.listener.url;
  }

  get listener(): WebSocketListener {
    if (this.#listener === null) throw new Error("not started");
    return this.#listener;
  }

  /** The latest connection, once there is one. */
  async latest(): Promise<Opened> {
    if (this.accepted.length === 0) {
      await new Promise<void>((resolve) => {
        this.#onAccept = resolve;
      });
    }
    const opened = this.accepted.at(-1);
    if (opened === undefined) throw new Error("nothing was accepted");
    return opened;
  }

  /** Both ends of a fresh connection. */
  async pair(clock: Clock = systemClock): Promise<{ client: Opened; server: Opened }> {
    const transport = await dialWebSocket(this.url, { clock });
    const heard = new RecordingListener();
    transport.open(heard);
    return { client: { transport, heard }, server: await this.latest() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.close();
  }
}
