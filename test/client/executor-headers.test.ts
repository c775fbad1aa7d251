import { expect, it } from "vitest";
import { Executor } from "../../src/executor/executor.ts";
import { nodeHost } from "../../src/executor/node-host.ts";
import { connect, RpcError, UnsupportedError } from "../../src/index.ts";
import { memoryTransportPair } from "../../src/transports/memory-transport.ts";
import { httpOrigin } from "../http-origin.ts";
import { verifies } from "../rules/verifies.ts";
import { scriptedLink, settled } from "./scripted-link.ts";

/** An executor with a secret in its environment, a link to it, and an origin that echoes. */
async function world() {
  const stack = new AsyncDisposableStack();
  const origin = stack.use(await httpOrigin());
  const variables = { API_TOKEN: "s3cret", SPLIT: "a\nb" };
  const executor = stack.use(new Executor({ ...nodeHost(), environment: () => variables }));
  const [transport, accepted] = memoryTransportPair();
  void executor.accept(accepted);
  const link = await connect({ transport });
  stack.defer(() => link.close());
  return { origin, link, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

it("sends what a variable of the executor holds, behind a prefix (06 H-57)", async () => {
  verifies("06 H-57");
  await using world_ = await world();
  const { link, origin } = world_;
  const response = await link.fetch(`${origin.url}/echo`, {
    headers: { authorization: "Basic x", "x-other": "1" },
    executorHeaders: {
      Authorization: { prefix: "Bearer ", variable: "API_TOKEN" },
      "x-plain": { variable: "API_TOKEN" },
    },
  });
  const { rawHeaders } = (await response.json()) as { rawHeaders: string[] };
  expect(rawHeaders.slice(0, 6)).toEqual([
    ...["x-other", "1"],
    ...["authorization", "Bearer s3cret"],
    ...["x-plain", "s3cret"],
  ]);
});

it("refuses a variable that is not set, by its name, and a value that no header can have (06 H-57)", async () => {
  verifies("06 H-57");
  await using world_ = await world();
  const { link, origin } = world_;
  const cause = (variable: string) =>
    link.fetch(origin.url, { executorHeaders: { "x-a": { variable } } }).then(
      () => null,
      (error: Error) => error.cause,
    );
  expect(await cause("NONE")).toBeInstanceOf(RpcError);
  expect(await cause("NONE")).toMatchObject({
    code: "invalidParams",
    message: "http/request header x-a requires executor environment variable NONE",
  });
  expect(await cause("SPLIT")).toMatchObject({ message: expect.stringContaining("header value is invalid for x-a") });
  expect(origin.seen).toEqual([]);
});

it("is refused before anything is sent to an executor that would send the prefix alone (06 H-57)", async () => {
  verifies("06 H-57");
  const { peer, link } = await scriptedLink();
  const before = peer.requests.length;
  const fetching = link.fetch("http://o.test/", { executorHeaders: { "x-a": { variable: "V" } } });
  await expect(fetching).rejects.toBeInstanceOf(UnsupportedError);
  await settled();
  expect(peer.requests).toHaveLength(before);
});
