// What somebody writes who has only the package: every entry point, its types, and a command that runs.
import { connect, type ProcessExit, ProctorError, serve } from "proctor";
import { machines, toMermaid } from "proctor/machines";
import { type JsonRpcMessage, RemoteStdioTransport } from "proctor/mcp";
import { errorName } from "proctor/protocol";

await using server = await serve();
await using link = await connect(server.url);
const child = await link.start(["sh", "-c", "echo from the package; exit 7"]);
const printed: string = await child.text();
const { exitCode }: ProcessExit = await child.exited;
if (printed !== "from the package\n" || exitCode !== 7) throw new Error(`saw ${JSON.stringify(printed)}, ${exitCode}`);

const cat = new RemoteStdioTransport(link, ["cat"]); // what it says, it says back
const echoed = Promise.withResolvers<JsonRpcMessage>();
cat.onmessage = echoed.resolve;
await cat.start();
await cat.send({ jsonrpc: "2.0", method: "hello" });
if ((await echoed.promise).method !== "hello") throw new Error("proctor/mcp carries no messages");
await cat.close();

const refusal: unknown = await link.files.readFile("/no/such/file").catch((error: unknown) => error);
if (!(refusal instanceof ProctorError) || refusal.code !== "notFound") throw new Error(`saw ${refusal}`);
if (errorName(-32004) !== "notFound") throw new Error("proctor/protocol does not know the code of notFound");
if (!toMermaid(machines.process).startsWith("stateDiagram")) throw new Error("proctor/machines draws nothing");

// Were a declaration missing, or did it lead nowhere, then all of it would be `any` and nothing here an error.
const _mistakes = [
  // @ts-expect-error
  { exitCode: "7" } satisfies ProcessExit,
  // @ts-expect-error
  "no-such-machine" satisfies keyof typeof machines,
  // @ts-expect-error
  "noSuchCode" satisfies ReturnType<typeof errorName>,
];

console.log("the package is imported, typed, and runs");
