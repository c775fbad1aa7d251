import { expect, it } from "vitest";
import { connectionLimits } from "../../src/actors/connection-limits.ts";
import type { Transport, TransportListener } from "../../src/ports/transport.ts";
import { encodeRequest } from "../../src/protocol/envelope.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor } from "./scripted-executor.ts";

/** The executor's end of a connection whose peer writes and never reads. */
class UnreadTransport implements Transport {
  readonly kind = "memory";
  readonly peer = "nobody reads here";
  queuedBytes = 0;
  paused = false;
  listener: TransportListener | undefined;

  open(listener: TransportListener): void {
    this.listener = listener;
  }
  send(message: string): void {
    this.queuedBytes += message.length;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  ping(): void {}
  close(): void {}
  destroy(): void {}
}

/** Messages that are answered without any work, and so without any wait. */
const quick: readonly (readonly [name: string, text: string])[] = [
  ["malformed messages", "{"],
  ["unknown methods", encodeRequest(1, "unknown", {})],
  ["bad params", encodeRequest(1, "initialize", {})],
  ["requests before the handshake", encodeRequest(1, "environment/info", {})],
];

it.each(quick)(
  "a peer that floods the executor with %s and reads no answer is not read any more (01 B-2)",
  (_, text) => {
    verifies("01 B-2");
    const { executor } = new ScriptedExecutor();
    const transport = new UnreadTransport();
    void executor.accept(transport);
    const flood = () => {
      for (let n = 0; n < 1_000_000 && !transport.paused; n += 1) transport.listener?.message(text);
    };
    flood();
    expect(transport.paused).toBe(true);
    expect(transport.queuedBytes).toBeLessThan(connectionLimits.answerBytes + 1024);

    transport.queuedBytes = 0;
    transport.listener?.drained();
    expect(transport.paused).toBe(false);
    flood();
    expect(transport.queuedBytes).toBeGreaterThan(connectionLimits.answerBytes);
  },
);
