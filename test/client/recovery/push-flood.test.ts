import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { connect } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import { readAnswer } from "./scripted-dials.ts";

/** A request as the executor of these tests hears it. */
interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly processId: string; readonly afterSeq: number };
}

let server: WebSocketServer;
/** What is done with a request on the n-th connection. */
let answer: (request: Request, socket: WebSocket, connection: number) => void;

beforeEach(async () => {
  server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    const connection = connections;
    socket.on("message", (data) => {
      const request = JSON.parse(String(data));
      if ("id" in request) answer(request, socket, connection);
    });
  });
});

afterEach(async () => {
  for (const socket of server.clients) socket.terminate();
  server.close();
  await once(server, "close");
});

const send = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message));
const chunk = (seq: number) => ({ seq, stream: "stdout", chunk: btoa(`${seq} `) });
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

function push(socket: WebSocket, processId: string, from: number, to: number): void {
  for (const seq of numbers(from, to)) send(socket, { method: "process/output", params: { processId, ...chunk(seq) } });
}

it.each([256, 2_000])(
  "%i notifications before the answer to initialize, and as many before that to the catch-up, keep nobody from resuming (03 T-9)",
  async (flood) => {
    verifies("03 T-9", "03 CL-43", "03 CL-5");
    let processId = "";
    answer = ({ id, method, params }, socket, connection) => {
      if (method === "initialize" && connection === 1) return send(socket, { id, result: { sessionId: "s" } });
      if (method === "process/start") {
        processId = params.processId;
        send(socket, { id, result: { processId } });
        push(socket, processId, 1, 5);
        return void socket.once("pong", () => socket.terminate()).ping();
      }
      if (method === "initialize") {
        // Five more went unheard; then everything at once: what is new, and what was asked for.
        push(socket, processId, 11, 10 + flood);
        return send(socket, { id, result: { sessionId: "s" } });
      }
      push(socket, processId, 11 + flood, 10 + 2 * flood);
      const last = 10 + 2 * flood;
      const chunks = numbers(params.afterSeq + 1, last).map(chunk);
      send(socket, { id, result: readAnswer({ chunks, nextSeq: last + 3, exited: true, exitCode: 6, closed: true }) });
    };
    const { port } = server.address() as AddressInfo; // a server that listens on TCP has no other kind of address
    await using link = await connect(`ws://127.0.0.1:${port}`);
    const process = await link.start(["anything"]);
    expect(await process.text()).toBe(
      numbers(1, 10 + 2 * flood)
        .map((seq) => `${seq} `)
        .join(""),
    );
    expect(await process.exited).toMatchObject({ exitCode: 6 });
    expect(link.state).toMatchObject({ value: "Connected", generation: 2 });
  },
);
