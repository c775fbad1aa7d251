import { expect, it } from "vitest";
import { ownSession } from "../../src/actors/entrance.ts";
import { LinkActor } from "../../src/actors/link-actor.ts";
import { systemRandom } from "../../src/ports/random.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { memoryTransportPair } from "../../src/transports/memory-transport.ts";
import { RawConnection } from "../raw-connection.ts";
import { verifies } from "../rules/verifies.ts";
import { VirtualClock } from "../virtual-clock.ts";

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

it("a connection that opens after its link was closed is closed at once, and nothing is said over it", async () => {
  verifies("03 N-3");
  const dialed = Promise.withResolvers<Transport>();
  const signals: AbortSignal[] = [];
  const faults: unknown[] = [];
  const link = new LinkActor({
    clock: new VirtualClock(),
    entrance: ownSession("test"),
    place: "memory",
    canReconnect: true,
    longestRecoveryMs: 25_000,
    random: systemRandom,
    dial: (signal) => {
      signals.push(signal);
      return dialed.promise;
    },
    onFault: (error) => faults.push(error),
  });
  const connected = link.connected();
  await link.close();
  await expect(connected).rejects.toMatchObject({ code: "linkClosed" });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);

  const [client, executor] = memoryTransportPair();
  const peer = new RawConnection(executor);
  dialed.resolve(client);
  await expect(peer.ended).resolves.toMatchObject({ code: 1006 });
  await settled();
  expect(peer.texts).toEqual([]);
  expect(faults).toEqual([]);
});
