/**
 * An executor that executes nothing: it answers with prepared bytes, as fast as a program can write them. What the client
 * reaches with it is a limit of the client (and of the socket); a measure of a real executor that comes near it says nothing.
 */
import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { FrameScanner } from "../wire/frame-scanner.ts";
import type { Message } from "../wire/message.ts";

const chunkBytes = 65_536;
const fileBytes = 32 * 1024 * 1024;
const blockBytes = 1024 * 1024;
/** Writes with this many bytes of answers at most wait in a socket. */
const highWater = 4 * 1024 * 1024;

const base64 = (bytes: number) => Buffer.alloc(bytes).toString("base64");
const output = (processId: string, bytes: number) =>
  serverFrame(
    `{"method":"process/output","params":{"processId":"${processId}","seq":1,"stream":"stdout","chunk":"${base64(bytes)}"}}`,
  );
const end = (processId: string) =>
  Buffer.concat([
    serverFrame(`{"method":"process/exited","params":{"processId":"${processId}","seq":2,"exitCode":0}}`),
    serverFrame(`{"method":"process/closed","params":{"processId":"${processId}","seq":3}}`),
  ]);

const wholeFile = Buffer.from(`"result":{"dataBase64":"${base64(fileBytes)}"}}`);
const block = Buffer.from(`"result":{"chunk":"${base64(blockBytes)}","eof":false}}`);

function frameHeader(length: number): Buffer {
  const extended = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
  const header = Buffer.alloc(2 + extended);
  header[0] = 0x81;
  header[1] = extended === 0 ? length : extended === 2 ? 126 : 127;
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

function serverFrame(text: string): Buffer {
  return Buffer.concat([frameHeader(text.length), Buffer.from(text)]);
}

function serve(socket: Socket): void {
  /** How much each process still swallows before it ends. */
  const appetites = new Map<string, number>();
  const answer = (id: number, rest: Buffer) => {
    const start = `{"id":${id},`;
    socket.write(Buffer.concat([frameHeader(start.length + rest.length), Buffer.from(start)]));
    socket.write(rest);
  };
  const empty = Buffer.from('"result":{}}');
  const accepted = Buffer.from('"result":{"status":"accepted"}}');
  const shell = Buffer.from('"result":{"shell":{"name":"bash","path":"/bin/bash"}}}');

  const start = async (message: Message) => {
    const { processId, argv } = JSON.parse(message.text).params as { processId: string; argv: string[] };
    answer(message.id, empty);
    const amount = Number(/-c (?<bytes>\d+)/.exec(argv.join(" "))?.groups?.bytes ?? 0);
    if (argv[0] === "sh") return void appetites.set(processId, amount);
    if (argv[0] === "cat") return;
    const frame = output(processId, chunkBytes);
    for (let left = amount; left > 0; left -= chunkBytes) {
      socket.write(left >= chunkBytes ? frame : output(processId, left));
      if (socket.writableLength > highWater) await new Promise((resolve) => socket.once("drain", resolve));
    }
    socket.write(end(processId));
  };
  const write = (message: Message) => {
    const head = message.text;
    const processId = /"processId":"(?<id>[^"]+)"/.exec(head)?.groups?.id ?? "";
    const before = head.indexOf('"chunk":"') + '"chunk":"'.length;
    const bytes = message.base64Bytes(before, 3);
    answer(message.id, accepted);
    const appetite = appetites.get(processId);
    if (appetite === undefined) return void socket.write(output(processId, bytes)); // `cat`
    appetites.set(processId, appetite - bytes);
    if (appetite - bytes <= 0) socket.write(end(processId));
  };
  const hear = (message: Message) => {
    if (message.kind !== "answer") return; // every request begins with its id as an answer does; what else comes is `initialized`
    const method = /^\{"id":\d+,"method":"(?<method>[^"]+)"/.exec(message.text.slice(0, 60))?.groups?.method;
    if (method === "environment/info") return answer(message.id, shell);
    if (method === "process/write") return write(message);
    if (method === "process/start") return void start(message);
    if (method === "fs/readFile") return answer(message.id, wholeFile);
    if (method === "fs/readBlock") return answer(message.id, block);
    if (method === "initialize") return answer(message.id, Buffer.from('"result":{"sessionId":"canned"}}'));
    return answer(message.id, empty);
  };
  const scanner = new FrameScanner({ message: hear, control: () => {} });
  socket.on("error", () => socket.destroy()); // whoever measured has gone
  let head = "";
  const upgrade = (chunk: Buffer) => {
    head += chunk.toString("latin1");
    const key = /sec-websocket-key: *(?<key>\S+)/i.exec(head)?.groups?.key;
    if (key === undefined || !head.endsWith("\r\n\r\n")) return;
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.off("data", upgrade).on("data", (bytes: Buffer) => {
      socket.cork(); // what was asked together is answered together
      scanner.push(bytes);
      socket.uncork();
    });
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  };
  socket.on("data", upgrade);
}

const server = createServer({ noDelay: true }, serve);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(`ws://127.0.0.1:${address.port}`);
});
