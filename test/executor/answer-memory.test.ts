import { expect, test } from "vitest";
import { tempFolder } from "./files/temp-folder.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";
import { type Sent, ShownTransport } from "./shown-transport.ts";

/** Asks for the content of a file. */
function read(transport: ShownTransport, path: string): Promise<Sent> {
  transport.request("fs/readFile", { path: `file://${path}` });
  return transport.next();
}

test("an answer with a file lies where the one before it lay, once that is sent, and nowhere else before", async () => {
  await using folder = await tempFolder();
  await folder.sh("head -c 300000 /dev/zero > f");
  const transport = ShownTransport.connect(new ScriptedExecutor());

  const first = await read(transport, folder.at("f"));
  const second = await read(transport, folder.at("f"));
  expect(second.bytes.buffer).not.toBe(first.bytes.buffer);
  first.done();
  const third = await read(transport, folder.at("f"));
  expect(third.bytes.buffer).toBe(first.bytes.buffer);
  const [before, after] = transport.texts.slice(-2).map((text) => JSON.parse(text).result);
  expect(after.dataBase64 === before.dataBase64).toBe(true);
});

test("so does a long chunk of output; what is being sent stays as it is", async () => {
  const world = new ScriptedExecutor();
  const transport = ShownTransport.connect(world);
  transport.request("process/start", startParams("p"));
  await settled();
  const print = (byte: number) => {
    const sent = transport.next();
    world.host.last.print(new Uint8Array(65_536).fill(byte));
    return sent;
  };

  const first = await print(1);
  const second = await print(2);
  expect(second.bytes.buffer).not.toBe(first.bytes.buffer);
  const text = first.bytes.toString();
  await print(3);
  expect(first.bytes.toString()).toBe(text);
  first.done();
  expect((await print(4)).bytes.buffer).toBe(first.bytes.buffer);
  const frames = transport.texts.map((text) => JSON.parse(text)).filter(({ method }) => method === "process/output");
  const printed = frames.map(({ params }) => ({ seq: params.seq, byte: Buffer.from(params.chunk, "base64")[65_535] }));
  expect(printed).toEqual([1, 2, 3, 4].map((n) => ({ seq: n, byte: n })));
});

test("what several hear of is one text, for nobody may use memory again that others read", async () => {
  const world = new ScriptedExecutor();
  const transport = ShownTransport.connect(world);
  transport.request("process/start", startParams("p"));
  await settled();
  const { observerKey } = JSON.parse(transport.texts[0] ?? "").result.proctor;
  const { peer } = await world.connect();
  await peer.request("session/observe", { observerKey });
  await peer.request("process/read", { processId: "p" });

  const bytes = Buffer.alloc(65_536, "both");
  let asBytes = 0;
  void transport.next().then(() => {
    asBytes += 1;
  });
  world.host.last.print(Buffer.from(bytes));
  await settled();
  expect(asBytes).toBe(0);
  const chunk = bytes.toString("base64");
  expect(JSON.parse(transport.texts.at(-1) ?? "").params).toEqual({ processId: "p", seq: 1, stream: "stdout", chunk });
  expect(peer.eventsOf("p").map(({ params }) => params.seq)).toEqual([1]);
});
