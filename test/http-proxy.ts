import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** A proxy on loopback. */
export interface TestProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** What it was asked for: the request line without the version, and `proxy-authorization`. */
  readonly seen: string[];
}

/** A proxy that answers plain requests itself, with its name, and digs tunnels to loopback. */
export async function httpProxy(name: string, options: { readonly refuses?: number } = {}): Promise<TestProxy> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const note = (method: string | undefined, url: string | undefined, authorization: string | undefined) =>
    seen.push([method, url, ...(authorization === undefined ? [] : [authorization])].join(" "));
  const server = createServer((request, response) => {
    note(request.method, request.url, request.headers["proxy-authorization"]);
    response.end(name);
  });
  server.on("connect", (request, socket, head) => {
    note(request.method, request.url, request.headers["proxy-authorization"]);
    if (options.refuses !== undefined) {
      socket.end(`HTTP/1.1 ${options.refuses} No\r\n\r\n`);
      return;
    }
    const origin = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      origin.write(head);
      origin.pipe(socket).pipe(origin);
    });
    for (const [one, other] of [
      [socket, origin],
      [origin, socket],
    ] as const) {
      one.on("error", () => undefined); // either end may go first
      one.on("close", () => other.destroy());
    }
    sockets.add(origin);
  });
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
    seen,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
