import { Client as ClientOfV2, StreamableHTTPClientTransport as TransportOfV2 } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect } from "../../src/index.ts";
import { mcpFetch } from "../../src/mcp/index.ts";
import { type ServerKind, startServer } from "../conformance/peer/server.ts";
import { FaultProxy } from "../fault-proxy.ts";
import { httpToolServer } from "./servers/http-server.ts";

const client = { name: "test", version: "1.0.0" };
const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]?.text;

/** An executor, a link to it that can be cut, and an MCP server in its network. */
async function world(kind: ServerKind, options: { readonly isResumable?: boolean } & ConnectOptions = {}) {
  const stack = new AsyncDisposableStack();
  const executor = stack.use(await startServer(kind));
  const proxy = stack.use(await FaultProxy.before(executor.url));
  const server = stack.use(await httpToolServer(options.isResumable ?? false));
  const link = await connect(proxy.url, options);
  stack.defer(() => link.close());
  return { link, proxy, server, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** A call that waits on the server; and a promise that it has begun to be answered, with its progress. */
function heldCall(mcp: Client) {
  const underWay = Promise.withResolvers<void>();
  const onprogress = () => underWay.resolve();
  const held = mcp.callTool({ name: "hold", arguments: { name: "cut" } }, undefined, { onprogress });
  return { held, underWay: underWay.promise };
}

/** What an MCP client and server say to each other over HTTP that leaves from an executor, on either one. */
export function httpSuite(kind: ServerKind): void {
  describe(`MCP over HTTP from the executor's network: ${kind}`, { timeout: 30_000 }, () => {
    it("a client of the official SDK talks to a server of the official SDK (06 A-2)", async () => {
      await using world_ = await world(kind);
      const { link, server } = world_;
      const mcp = new Client(client);
      const transport = new StreamableHTTPClientTransport(server.url, { fetch: link.fetch });
      await mcp.connect(transport as Parameters<Client["connect"]>[0]); // its own type does not agree with exactOptionalPropertyTypes
      expect((await mcp.listTools()).tools.map(({ name }) => name)).toEqual(["echo", "repeat", "hold", "count"]);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => mcp.callTool({ name: "echo", arguments: { said: `ü${n}` } })),
      );
      expect(answers.map(textOf)).toEqual(Array.from({ length: 20 }, (_, n) => `ü${n}`));
      const progress: number[] = [];
      await mcp.callTool({ name: "count", arguments: { to: 3 } }, undefined, {
        onprogress: (step) => progress.push(step.progress),
      });
      expect(progress).toEqual([1, 2, 3]);
      const large = await mcp.callTool({ name: "repeat", arguments: { said: "größe ", times: 200_000 } });
      expect(textOf(large)).toBe("größe ".repeat(200_000));
      const controller = new AbortController();
      const held = mcp.callTool({ name: "hold", arguments: { name: "aborted" } }, undefined, controller);
      const refused = expect(held).rejects.toThrow("enough");
      await server.held("aborted");
      controller.abort(new Error("enough"));
      await refused;
      expect(server.sessions.size).toBe(1);
      await transport.terminateSession();
      expect(server.sessions.size).toBe(0);
      await mcp.close();
    });

    it("so does the client package of the SDK's second line, through a redirect (06 section 13.3)", async () => {
      await using world_ = await world(kind);
      const mcp = new ClientOfV2(client);
      await mcp.connect(new TransportOfV2(world_.server.movedUrl, { fetch: mcpFetch(world_.link) }));
      expect(textOf(await mcp.callTool({ name: "echo", arguments: { said: "two" } }))).toBe("two");
      await mcp.close();
    });

    it("a call in flight fails at once and by name when the connection is cut, and the next one works (06 C-9)", async () => {
      await using world_ = await world(kind);
      const { link, proxy, server } = world_;
      const mcp = new Client(client);
      const transport = new StreamableHTTPClientTransport(server.url, { fetch: mcpFetch(link) });
      await mcp.connect(transport as Parameters<Client["connect"]>[0]);
      const { held, underWay } = heldCall(mcp);
      const broken = expect(held).rejects.toMatchObject({
        code: -32_000,
        message: expect.stringContaining("transport disconnected"),
        data: { code: "bodyLost", effect: "unknown" },
      });
      await underWay;
      proxy.cut();
      await broken;
      expect(textOf(await mcp.callTool({ name: "echo", arguments: { said: "after" } }))).toBe("after");
      await mcp.close();
    });

    it("a call in flight whose server numbers its events is resumed by the SDK", async () => {
      await using world_ = await world(kind, { isResumable: true });
      const { link, proxy, server } = world_;
      const mcp = new Client(client);
      const transport = new StreamableHTTPClientTransport(server.url, {
        fetch: mcpFetch(link),
        reconnectionOptions: {
          initialReconnectionDelay: 1,
          maxReconnectionDelay: 1,
          reconnectionDelayGrowFactor: 1,
          maxRetries: 5,
        },
      });
      await mcp.connect(transport as Parameters<Client["connect"]>[0]);
      const { held, underWay } = heldCall(mcp);
      await underWay;
      proxy.cut();
      server.answer("cut", "kept for you");
      expect(textOf(await held)).toBe("kept for you");
      await mcp.close();
    });
  });
}
