import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ListenError } from "../transports/listen-error.ts";

/** Not imported, for what an import of it would load (docs/performance.md). */
const http = process.getBuiltinModule("node:http");

/** Tries to find a port that is free on both addresses of loopback. */
const mostTries = 8;
/** This host has no IPv6, or none on loopback. */
const noIpv6 = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"]);

/** Servers on one port of loopback: of IPv4, and of IPv6 where there is that. */
export interface LoopbackServers {
  readonly port: number;
  readonly servers: readonly Server[];
}

/**
 * Binds a port of loopback and of nothing else.
 * @param port 0: any that is free
 * @throws ListenError when it cannot be bound
 */
export async function bindLoopback(port: number): Promise<LoopbackServers> {
  for (let tries = 1; ; tries += 1) {
    const four = await bind("127.0.0.1", port);
    const { port: bound } = four.address() as AddressInfo; // that of a TCP server
    try {
      const six = await bind("::1", bound);
      return { port: bound, servers: [four, six] };
    } catch (error) {
      if (error instanceof ListenError && noIpv6.has(codeOf(error.cause))) return { port: bound, servers: [four] };
      await new Promise((resolve) => four.close(resolve));
      if (port !== 0 || tries === mostTries) throw error;
    }
  }
}

function bind(host: string, port: number): Promise<Server> {
  const server = http.createServer();
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => {
      const text = cause.code === "EADDRINUSE" ? "Address in use (os error 98)" : cause.message;
      reject(new ListenError(`the inspector cannot listen on port ${port} of ${host}: ${text}`, { cause }));
    };
    server.once("error", failed);
    server.listen({ host, port, ipv6Only: true }, () => {
      server.off("error", failed);
      resolve(server);
    });
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
