import { expect, test } from "vitest";
import type { Transport, TransportListener } from "../../src/ports/transport.ts";
import { encodeNotification, encodeRequest } from "../../src/protocol/envelope.ts";
import { tempFolder } from "./files/temp-folder.ts";
import { ScriptedExecutor } from "./scripted-executor.ts";

interface Sent {
  readonly bytes: Uint8Array;
  /** The kernel has taken them. */
  readonly done: () => void;
}

/** The executor's end of a connection that shows where the answers lie. */
class ShownTransport implements Transport {
  readonly kind = "memory";
  readonly peer = "the test";
  readonly queuedBytes = 0;
  listener: TransportListener | undefined;
  #answer = Promise.withResolvers<Sent>();

  open(listener: TransportListener): void {
    this.listener = listener;
  }
  send(message: string | Uint8Array, done?: () => void): void {
    if (typeof message !== "string" && done !== undefined) this.#answer.resolve({ bytes: message, done });
  }
  /** Asks for the content of a file. */
  read(path: string): Promise<Sent> {
    this.#answer = Promise.withResolvers();
    this.listener?.message(encodeRequest(1, "fs/readFile", { path: `file://${path}` }));
    return this.#answer.promise;
  }
  pause(): void {}
  resume(): void {}
  ping(): void {}
  close(): void {}
  destroy(): void {}
}

test("an answer with a file lies where the one before it lay, once that is sent, and nowhere else before", async () => {
  await using folder = await tempFolder();
  await folder.sh("head -c 300000 /dev/zero > f");
  const { executor } = new ScriptedExecutor();
  const transport = new ShownTransport();
  void executor.accept(transport);
  transport.listener?.message(encodeRequest(0, "initialize", { clientName: "test" }));
  transport.listener?.message(encodeNotification("initialized", {}));

  const first = await transport.read(folder.at("f"));
  const second = await transport.read(folder.at("f"));
  expect(second.bytes.buffer).not.toBe(first.bytes.buffer);
  first.done();
  const third = await transport.read(folder.at("f"));
  expect(third.bytes.buffer).toBe(first.bytes.buffer);
  expect(Buffer.from(third.bytes).equals(second.bytes)).toBe(true);
});
