import { once } from "node:events";
import { connect } from "node:net";

/** An answer, as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly text: string;
}

/** What to send; lines as they are, nothing is added. */
export interface RawRequest {
  readonly port: number;
  readonly host?: string;
  readonly lines: readonly string[];
  readonly body?: string;
}

/** Sends exactly these lines on a connection of its own, and gives what comes back until the other side closes it. */
export async function rawRequest({ port, host = "127.0.0.1", lines, body = "" }: RawRequest): Promise<RawAnswer> {
  const socket = connect(port, host);
  await once(socket, "connect");
  socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  let text = "";
  for await (const piece of socket) text += piece.toString("latin1");
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [statusLine = "", ...headerLines] = head.split("\r\n");
  const headers = headerLines.map((line): [string, string] => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
  });
  return { status: Number(statusLine.split(" ")[1]), headers: new Map(headers), body: rest.join("\r\n\r\n"), text };
}
