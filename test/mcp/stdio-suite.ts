import { mkdtemp, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as ClientOfV2 } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { firstValueFrom, ReplaySubject } from "rxjs";
import { filter } from "rxjs/operators";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import { RemoteStdioTransport } from "../../src/mcp/index.ts";
import { type ServerKind, startServer } from "../conformance/peer/server.ts";
import { FaultProxy } from "../fault-proxy.ts";
import { verifies } from "../rules/verifies.ts";

const program = join(import.meta.dirname, "servers/stdio-server.ts");
const client = { name: "test", version: "1.0.0" };

/** An executor, a link to it that can be cut, and an MCP server there with a client of the official SDK. */
async function world(kind: ServerKind, argv: readonly string[] = [process.execPath, program], graceMs = 10_000) {
  const stack = new AsyncDisposableStack();
  const executor = stack.use(await startServer(kind));
  const proxy = stack.use(await FaultProxy.before(executor.url));
  const link = await connect(proxy.url);
  stack.defer(() => link.close());
  const folder = await mkdtemp(join(await realpath(tmpdir()), "proctor-mcp-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const transport = new RemoteStdioTransport(link, argv, { graceMs });
  const stderr = new ReplaySubject<string>();
  transport.stderr$.subscribe(stderr);
  return {
    transport,
    proxy,
    folder,
    stderr,
    /** Resolves when the server has said so on stderr. */
    said: (line: string) => firstValueFrom(stderr.pipe(filter((each) => each === line))),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]?.text;

/** What an MCP client and server say to each other over stdio, on either executor. */
export function stdioSuite(kind: ServerKind): void {
  describe(`MCP over the stdio of a process: ${kind}`, { timeout: 30_000 }, () => {
    it("a client of the official SDK talks to a server of the official SDK (06 A-1, M-3, M-4)", async () => {
      verifies("06 A-1", "06 M-3", "06 M-4");
      await using world_ = await world(kind);
      const { transport, said } = world_;
      const mcp = new Client(client);
      await mcp.connect(transport);
      await said("stärted");
      expect((await mcp.listTools()).tools.map(({ name }) => name)).toEqual(["echo", "repeat", "hold", "count"]);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => mcp.callTool({ name: "echo", arguments: { said: `ü${n}` } })),
      );
      expect(answers.map(textOf)).toEqual(Array.from({ length: 20 }, (_, n) => `ü${n}`));
      const progress: number[] = [];
      const counted = await mcp.callTool({ name: "count", arguments: { to: 3 } }, undefined, {
        onprogress: (step) => progress.push(step.progress),
      });
      expect([textOf(counted), progress]).toEqual(["counted to 3", [1, 2, 3]]);
      const large = await mcp.callTool({ name: "repeat", arguments: { said: "größe ", times: 200_000 } });
      expect(textOf(large)).toBe("größe ".repeat(200_000));
      const there = "hin".repeat(500_000);
      expect(textOf(await mcp.callTool({ name: "echo", arguments: { said: there } }))).toBe(there);
      await mcp.close();
      expect((await transport.exited).exitCode).toBe(kind === "proctor" ? 0 : 130);
    });

    it("so does the client package of the SDK's second line (06 section 13.3)", async () => {
      await using world_ = await world(kind);
      const mcp = new ClientOfV2(client);
      await mcp.connect(world_.transport);
      expect(textOf(await mcp.callTool({ name: "echo", arguments: { said: "two" } }))).toBe("two");
      await mcp.close();
    });

    it("a tool call in flight survives a cut connection, and its answer comes once (06 A-1)", async () => {
      verifies("06 A-1");
      await using world_ = await world(kind);
      const { transport, proxy, folder, said } = world_;
      const mcp = new Client(client);
      await mcp.connect(transport);
      const path = join(folder, "answer");
      const held = mcp.callTool({ name: "hold", arguments: { name: path } });
      await said(`waiting for ${path}`);
      proxy.refuse(true);
      proxy.cut();
      // The answer is made, and another message sent, while there is no connection.
      await writeFile(`${path}.new`, "made in the dark");
      await rename(`${path}.new`, path);
      const sent = mcp.callTool({ name: "echo", arguments: { said: "meanwhile" } });
      proxy.refuse(false);
      expect([textOf(await held), textOf(await sent)]).toEqual(["made in the dark", "meanwhile"]);
      expect(proxy.accepted).toBeGreaterThan(1);
      await mcp.close();
    });

    it("a message that a cut goes through arrives whole", async () => {
      await using world_ = await world(kind);
      const { transport, proxy } = world_;
      const mcp = new Client(client);
      await mcp.connect(transport);
      let bytes = 0;
      proxy.onBytes = (direction, piece) => {
        bytes += direction === "toClient" ? piece.length : 0;
        if (bytes < 200_000) return;
        proxy.onBytes = null;
        proxy.cut();
      };
      const answer = await mcp.callTool({ name: "repeat", arguments: { said: "€", times: 200_000 } });
      expect(textOf(answer)).toBe("€".repeat(200_000));
      expect(proxy.onBytes).toBeNull();
      await mcp.close();
    });

    it("a server that heeds neither the end of its stdin nor a signal is killed, and close waits for that (06 M-6)", async () => {
      verifies("06 M-6");
      const stubborn = ["sh", "-c", "trap '' INT TERM; echo ready >&2; while :; do sleep 0.1; done"];
      await using world_ = await world(kind, stubborn, 100);
      const { transport, said } = world_;
      await transport.start();
      await said("ready");
      await transport.close();
      const { exitCode } = await transport.exited;
      // The reference cannot always tell what a terminate has done.
      expect(kind === "proctor" ? [137] : [137, -1]).toContain(exitCode);
    });
  });
}
