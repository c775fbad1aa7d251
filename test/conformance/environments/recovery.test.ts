import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { openEnvironments } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import { recorded } from "./recorded.ts";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>> | null;
}

interface Line {
  readonly dir: "c" | "s" | "note";
  readonly conn?: number;
  readonly msg: Message | string;
}

const lines = await recorded<Line>("recovery");

/** The messages of one recorded connection, in order. */
const ofConnection = (conn: number) =>
  lines.flatMap(({ dir, conn: number, msg }) => (number === conn && typeof msg !== "string" ? [{ dir, msg }] : []));

/** Without what says the same: absent is null, `environment/info` takes either, and everybody has a name of his own. */
function plain({ params, ...message }: Message) {
  const { clientName: _, ...rest } = params ?? {};
  return { ...message, params: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)) };
}

/** Plays the executor of the recording: hears what the client says next, and answers what was answered. */
function play(ws: WebSocket, conn: number, said: Message[]): void {
  const script = ofConnection(conn);
  ws.on("message", (text) => {
    said.push(JSON.parse(String(text)));
    script.shift();
    while (script[0]?.dir === "s") ws.send(JSON.stringify(script.shift()?.msg));
  });
}

it("says, word for word, what the reference said: at its eager start, in its calls, and after the drop (07 E-23, E-24)", async () => {
  verifies("07 E-19", "07 E-23", "07 E-24", "07 E-36");
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const said: Message[][] = [];
  const sockets: WebSocket[] = [];
  server.on("connection", (ws) => {
    const messages: Message[] = [];
    said.push(messages);
    sockets.push(ws);
    play(ws, said.length, messages);
  });
  {
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using environments = await openEnvironments({ environments: [{ id: "remote", url }], default: "remote" });
    const remote = environments.require("remote");
    // Eager: the handshake is there before anybody asks.
    await expect.poll(() => said[0]?.length).toBe(2);

    for (const { dir, msg } of ofConnection(1).slice(3)) {
      if (dir !== "c") continue;
      if (msg.method === "environment/info") {
        expect(await remote.environmentInfo()).toEqual({ shell: { name: "bash", path: "/bin/bash" } });
      } else {
        expect(msg.method).toBe("fs/getMetadata");
        const { path } = msg.params as { readonly path: string };
        await expect(remote.files.stat(path)).rejects.toMatchObject({ code: "notFound", rpcCode: -32004 });
      }
    }
    sockets[0]?.terminate();
    await expect.poll(() => said[1]?.length).toBe(2);
    await expect.poll(() => remote.state).toEqual({ value: "Ready", phase: "Connected", reason: null });

    const theirs = [1, 2].map((conn) => ofConnection(conn).filter(({ dir }) => dir === "c"));
    expect(said.map((messages) => messages.map(plain))).toEqual(theirs.map((all) => all.map(({ msg }) => plain(msg))));
    for (const ws of sockets) ws.terminate();
  }
  server.close();
  await once(server, "close");
});
