import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { InMemoryEventStore } from "@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { toolServer } from "./tools.ts";

/** A server of the official SDK on loopback. */
export interface HttpToolServer extends AsyncDisposable {
  readonly url: URL;
  /** The same server behind a redirect of the same origin. */
  readonly movedUrl: URL;
  /** Resolves when `hold` was called with this name. */
  held(name: string): Promise<void>;
  /** Lets a call of `hold` answer. */
  answer(name: string, text: string): void;
  /** Sessions that were not ended. */
  readonly sessions: ReadonlyMap<string, unknown>;
}

interface Held {
  readonly called: PromiseWithResolvers<void>;
  readonly answer: PromiseWithResolvers<string>;
}

/** @param isResumable events of streams are numbered and kept, so that a client may ask for what it missed */
export async function httpToolServer(isResumable: boolean): Promise<HttpToolServer> {
  const holds = new Map<string, Held>();
  const hold = (name: string): Held => {
    const known = holds.get(name) ?? { called: Promise.withResolvers<void>(), answer: Promise.withResolvers<string>() };
    holds.set(name, known);
    return known;
  };
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const begin = async () => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
      ...(isResumable ? { eventStore: new InMemoryEventStore() } : {}),
    });
    const server = toolServer((name) => {
      hold(name).called.resolve();
      return hold(name).answer.promise;
    });
    await server.connect(transport);
    return transport;
  };
  const http = createServer(async (request, response) => {
    const id = request.headers["mcp-session-id"];
    const transport = typeof id === "string" ? sessions.get(id) : await begin();
    if (request.url === "/moved") response.writeHead(307, { location: "/mcp" }).end();
    else if (transport === undefined) response.writeHead(404).end();
    else await transport.handleRequest(request, response);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`; // it listens on a port
  return {
    url: new URL(`${base}/mcp`),
    movedUrl: new URL(`${base}/moved`),
    held: (name) => hold(name).called.promise,
    answer: (name, text) => hold(name).answer.resolve(text),
    sessions,
    [Symbol.asyncDispose]: async () => {
      for (const transport of sessions.values()) await transport.close();
      http.closeAllConnections();
      http.close();
      await once(http, "close");
    },
  };
}
