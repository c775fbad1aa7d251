import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { WebSocketServer } from "ws";
import { decodeMessage, encodeResult } from "../../../src/protocol/envelope.ts";

/** A websocket server that a test plays: it refuses upgrades with the statuses it is told to, and then accepts them. */
export interface UpgradeServer extends AsyncDisposable {
  readonly url: string;
  /** The upgrades that were asked for, in order. */
  readonly upgrades: IncomingMessage[];
  /** The messages that came over the connections, in order. */
  readonly messages: string[];
  /** The next upgrades get these answers; then all are accepted. */
  readonly refusals: number[];
  /** Cuts what is open. */
  cut(): void;
}

/** Starts one; it answers `initialize` with a session, and `environment/info`. */
export async function upgradeServer(): Promise<UpgradeServer> {
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const upgrades: IncomingMessage[] = [];
  const messages: string[] = [];
  const refusals: number[] = [];
  http.on("upgrade", (request, socket, head) => {
    upgrades.push(request);
    const refusal = refusals.shift();
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on("message", (bytes) => {
        messages.push(String(bytes));
        const message = decodeMessage(String(bytes));
        if (message.kind !== "request") return;
        const result =
          message.method === "initialize" ? { sessionId: "s" } : { shell: { name: "sh", path: "/bin/sh" } };
        ws.send(encodeResult(message.id, result));
      });
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    url: `ws://127.0.0.1:${port}`,
    upgrades,
    messages,
    refusals,
    cut: () => {
      for (const ws of sockets.clients) ws.terminate();
    },
    async [Symbol.asyncDispose]() {
      for (const ws of sockets.clients) ws.terminate();
      http.close();
      http.closeAllConnections();
      await once(http, "close");
    },
  };
}
