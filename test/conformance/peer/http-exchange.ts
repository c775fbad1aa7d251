import { connect } from "node:net";

/** An HTTP/1.1 answer, as far as the recordings look at it. */
export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * Sends `request` (the exact text, line ends included) on a TCP connection of its own and returns the answer, then
 * drops the connection. Needs a `content-length` or an answer without a body, as the listener gives.
 */
export function httpExchange(url: string, request: string): Promise<HttpAnswer> {
  const { hostname, port } = new URL(url);
  const hasBody = !request.startsWith("HEAD ");
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) });
    let received = "";
    const look = (ended: boolean) => {
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return ended && reject(new Error(`no complete answer: ${JSON.stringify(received)}`));
      const answer = parseHttpAnswer(received);
      const wanted = answer.status === 101 || !hasBody ? 0 : Number(answer.headers.get("content-length") ?? 0);
      if (answer.body.length < wanted && !ended) return;
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no complete answer in 5 s: ${JSON.stringify(received)}`)));
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      received += chunk;
      look(false);
    });
    socket.on("error", reject);
    socket.on("close", () => look(true));
    socket.write(request);
  });
}

/** Reads an answer from its text; line ends may be CRLF or LF. */
export function parseHttpAnswer(text: string): HttpAnswer {
  const [head = "", ...rest] = text.split(/\r?\n\r?\n/);
  const [statusLine = "", ...lines] = head.split(/\r?\n/);
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(" ")[1]), headers, body: rest.join("\n\n") };
}
