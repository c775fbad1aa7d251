import { once } from "node:events";
import { expect, it } from "vitest";
import { bodyHighWaterBytes } from "../../src/actors/remote-body.ts";
import { bodyQueueBytes } from "../../src/executor/http/body-queue.ts";
import { BodyLostError, connect, serve } from "../../src/index.ts";
import { HIGH_WATER_BYTES } from "../../src/transports/water-marks.ts";
import { FaultProxy } from "../fault-proxy.ts";
import { httpOrigin } from "../http-origin.ts";
import { verifies } from "../rules/verifies.ts";

const MIB = 1024 * 1024;

/** An executor, a link to it that can be cut, and an origin that sends as much as is taken. */
async function streams() {
  const stack = new AsyncDisposableStack();
  const held = Promise.withResolvers<void>();
  const server = stack.use(
    await serve({
      onInspection: (event) => {
        // Snapshots of any machine come here; that of an exchange whose peer reads too slowly has this tag.
        if (event.type === "@xstate.snapshot" && "hasTag" in event.snapshot) {
          const { hasTag } = event.snapshot as { hasTag(tag: string): boolean };
          if (hasTag.call(event.snapshot, "held")) held.resolve();
        }
      },
    }),
  );
  const proxy = stack.use(await FaultProxy.before(server.url));
  const seen = { sent: 0, ended: Promise.withResolvers<void>() };
  const origin = stack.use(
    await httpOrigin({
      "/endless": async (query, _request, response) => {
        const piece = Buffer.alloc(MIB / 4, "x");
        const total = Number(query.get("mib")) * MIB;
        const closed = new AbortController();
        response.on("close", () => {
          seen.ended.resolve();
          closed.abort();
        });
        while (seen.sent < total && !response.destroyed) {
          seen.sent += piece.length;
          if (response.write(piece)) continue;
          await once(response, "drain", { signal: closed.signal }).catch(() => undefined); // over, says the loop
        }
        response.end();
      },
    }),
  );
  const link = await connect(proxy.url);
  stack.defer(() => link.close());
  return { link, origin, proxy, seen, held: held.promise, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

it("a reader that stops stops the origin, and gets everything when it goes on (06 F-9, H-46)", {
  timeout: 30_000,
}, async () => {
  verifies("06 F-9", "06 H-46");
  await using world = await streams();
  const total = 128 * MIB;
  const response = await world.link.fetch(`${world.origin.url}/endless?mib=128`);
  const reader = response.body!.getReader();
  let read = (await reader.read()).value?.length ?? 0;
  await world.held;
  // What may be on the way: our queues, and what the sockets hold, of which there are six.
  const mostUnderWay = bodyHighWaterBytes + HIGH_WATER_BYTES + bodyQueueBytes + 32 * MIB;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    expect(world.seen.sent - read).toBeLessThan(mostUnderWay);
    read += next.value.length;
  }
  expect(read).toBe(total);
});

it("a cut connection fails the body at once, lets the origin go, and the next fetch works (06 C-9, H-47)", async () => {
  verifies("06 C-9", "06 H-47");
  await using world = await streams();
  const response = await world.link.fetch(`${world.origin.url}/endless?mib=100000`);
  const reader = response.body!.getReader();
  await reader.read();
  world.proxy.cut();
  const error = await (async () => {
    for (;;) await reader.read();
  })().catch((reason: Error) => reason);
  expect(error).toMatchObject({ message: "terminated", cause: expect.any(BodyLostError) });
  await world.seen.ended.promise;
  const again = await world.link.fetch(`${world.origin.url}/status?code=200&body=again`);
  await expect(again.text()).resolves.toBe("again");
});

it("server-sent events arrive one by one, while they are made (06 H-34)", async () => {
  await using world = await streams();
  const { body } = await world.link.fetch(`${world.origin.url}/sse?n=3&ms=1`, {
    headers: { accept: "text/event-stream" },
  });
  let text = "";
  for await (const part of body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>))
    text += part;
  expect(text.split("\n\n").filter((event) => event !== "")).toEqual(
    [0, 1, 2].map((n) => `id: ${n}\ndata: {"i":${n}}`),
  );
});
