import { expect, it } from "vitest";
import { SpawnError } from "../../src/ports/process-host.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

const refusals: readonly (readonly [method: string, params: object, code: number, message: string])[] = [
  ["process/start", startParams("taken"), -32600, "process taken already exists"],
  ["process/read", { processId: "zz" }, -32600, "unknown process id zz"],
  ["fs/readFile", { path: "file:///tmp" }, -32600, "path `/tmp` is not a file"],
  [
    "fs/copy",
    { sourcePath: "/tmp", destinationPath: "/x", recursive: false },
    -32600,
    "fs/copy requires recursive: true",
  ],
  ["weird", {}, -32601, "exec-server stub does not implement `weird` yet"],
  ["process/list", {}, -32601, "exec-server stub does not implement `process/list` yet"],
  ["initialize", {}, -32602, "missing field `clientName`"],
  ["process/start", startParams("new", { argv: [] }), -32602, "argv must not be empty"],
  ["process/start", startParams("new", { cwd: "file:///C:/x" }), -32602, "is not valid on this exec-server host"],
  ["process/write", { processId: "taken", writeId: "", chunk: "" }, -32602, "writeId must not be empty"],
  ["process/write", { processId: "over", writeId: "w", chunk: "" }, -32603, "failed to write to process stdin"],
  ["fs/readDirectory", { path: "file:///dev/null" }, -32603, "Not a directory (os error 20)"],
  ["fs/readFile", { path: "file:///no/such/file" }, -32004, "No such file or directory (os error 2)"],
];

it.each(refusals)("%s with %j is refused with %i: %s", async (method, params, code, message) => {
  verifies("01 W-48");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("taken"));
  await peer.request("process/start", startParams("over", { pipeStdin: true }));
  await peer.request("process/terminate", { processId: "over" });
  const answer = await peer.answer(method, params);
  expect(answer).toMatchObject({ error: { rpcCode: code, message: expect.stringContaining(message) } });
});

it("a program that cannot be started is an internal error with the system's words", async () => {
  verifies("01 W-48", "02 P-5");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  world.host.holdsSpawns = true;
  const start = peer.answer("process/start", startParams("p"));
  await settled();
  world.host.failSpawn(new SpawnError("Exec format error (os error 8)"));
  expect(await start).toMatchObject({ error: { rpcCode: -32603, message: "Exec format error (os error 8)" } });
});

it("only a session that is still held has a code of its own, which a client may retry", async () => {
  verifies("01 W-48");
  const world = new ScriptedExecutor();
  const { sessionId } = await world.connect();
  const resume = (id: string) => world.open().peer.answer("initialize", { clientName: "c", resumeSessionId: id });
  expect(await resume(sessionId)).toMatchObject({ error: { rpcCode: -32010 } });
  expect(await resume("gone")).toMatchObject({ error: { rpcCode: -32600 } });
});
