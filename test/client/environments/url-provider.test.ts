import { inspect } from "node:util";
import { expect, it } from "vitest";
import {
  type ConnectAttempt,
  connect,
  type Environment,
  EnvironmentStartError,
  LinkFailedError,
  openEnvironments,
} from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import { upgradeServer } from "./upgrade-server.ts";

const secret = "s3cr3t";

/** An environment whose URL is signed anew for each dial of a server that a test plays. */
async function signed() {
  const server = await upgradeServer();
  const attempts: Omit<ConnectAttempt, "signal">[] = [];
  const environments = await openEnvironments(
    {
      includeLocal: false,
      environments: [
        {
          id: "cloud",
          provider: ({ signal: _, ...attempt }) => {
            attempts.push(attempt);
            return {
              url: `${server.url.replace("//", `//user:${secret}@`)}/exec?n=${attempts.length}&signature=${secret}`,
              headers: { "x-key": `${secret}-${attempts.length}` },
            };
          },
        },
      ],
    },
    { isEager: false, recoveryDeadlineMs: 2_000 },
  );
  return {
    server,
    attempts,
    cloud: environments.require("cloud"),
    async [Symbol.asyncDispose]() {
      await environments.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The next time that an environment is in a phase of Ready or Disconnected. */
const reaches = (environment: Environment, phase: Environment["state"]["phase"]) =>
  new Promise<void>((resolve) => {
    environment.state$.subscribe((state) => (state.phase === phase ? resolve() : undefined));
  });

it("each dial has a URL and headers of its own, never one twice (07 E-31)", async () => {
  verifies("07 E-31");
  await using there = await signed();
  const { server, attempts, cloud } = there;
  await cloud.ready();
  const recovering = reaches(cloud, "Recovering");
  server.cut();
  await recovering;
  await reaches(cloud, "Connected");
  expect(server.upgrades.map(({ url, headers }) => [url, headers["x-key"]])).toEqual([
    [`/exec?n=1&signature=${secret}`, `${secret}-1`],
    [`/exec?n=2&signature=${secret}`, `${secret}-2`],
  ]);
  expect(attempts).toEqual([
    { purpose: "start", number: 1, unauthorized: false },
    { purpose: "resume", number: 2, unauthorized: false },
  ]);
  expect(JSON.parse(server.messages.findLast((text) => text.includes('"initialize"')) ?? "")).toMatchObject({
    params: { resumeSessionId: "s" },
  });
});

it.each([
  { statuses: [401], upgrades: 2, connects: true },
  { statuses: [401, 401], upgrades: 2, connects: false },
  { statuses: [403], upgrades: 1, connects: false },
  { statuses: [503], upgrades: 1, connects: false },
  { statuses: [401, 403], upgrades: 2, connects: false },
])("a first connection that is refused with $statuses is dialled $upgrades times (07 E-32, 03 CL-4)", async (row) => {
  verifies("07 E-32", "03 CL-4");
  await using there = await signed();
  const { server, attempts, cloud } = there;
  server.refusals.push(...row.statuses);
  const outcome = await cloud.ready().catch((error: unknown) => error);
  expect(server.upgrades).toHaveLength(row.upgrades);
  expect(new Set(server.upgrades.map(({ url }) => url)).size).toBe(row.upgrades);
  expect(attempts.map(({ unauthorized }) => unauthorized)).toEqual([false, true].slice(0, row.upgrades));
  if (row.connects) return expect(outcome).toBeUndefined();
  expect(outcome).toBeInstanceOf(EnvironmentStartError);
  expect((outcome as Error).message).toContain(`refused the upgrade with HTTP ${row.statuses.at(-1)}`);
  expect(inspect(outcome, { depth: 6 })).not.toContain(secret);
});

it("while it recovers a refusal is tried again, with another URL, until the time is over; then the next use opens anew (07 E-33)", async () => {
  verifies("07 E-33", "03 CL-4");
  await using there = await signed();
  const { server, attempts, cloud } = there;
  await cloud.ready();
  const recovering = reaches(cloud, "Recovering");
  server.refusals.push(401, 403, 503);
  const lost = reaches(cloud, "Lost");
  server.cut();
  await recovering;
  await lost;
  // At once, then after 0.5 to 0.75 s: within two seconds there is room for two or three.
  const resumed = attempts.slice(1);
  expect(resumed.length).toBeGreaterThanOrEqual(2);
  expect(resumed.length).toBeLessThanOrEqual(3);
  expect(resumed.every(({ purpose, unauthorized }) => purpose === "resume" && !unauthorized)).toBe(true);
  server.refusals.length = 0;
  await cloud.ready();
  expect(attempts.at(-1)).toEqual({ purpose: "reopen", number: 1, unauthorized: false });
});

it("nothing that is seen of it tells what is secret: state, errors, the object itself, what is inspected", async () => {
  const seen: string[] = [];
  await using server = await upgradeServer();
  const give = () => ({ url: `${server.url}/?${secret}`, headers: { authorization: `Bearer ${secret}` } });
  await using environments = await openEnvironments(
    {
      includeLocal: false,
      environments: [
        { id: "cloud", provider: give },
        { id: "plain", url: `${server.url.replace("//", `//u:${secret}@`)}/p?t=${secret}`, headers: { token: secret } },
        {
          id: "broken",
          provider: () => Promise.reject(new Error(`cannot sign wss://h/x?key=${secret} (${"tried twice"})`)),
        },
      ],
    },
    {
      onInspection: (event) => {
        if (event.type === "@xstate.event") seen.push(inspect(event.event, { depth: 4 }));
        if (event.type === "@xstate.snapshot" && "context" in event.snapshot)
          seen.push(inspect(event.snapshot.context, { depth: 4 }));
      },
    },
  );
  await environments.require("cloud").ready();
  await environments.require("plain").ready();
  const broken = await environments
    .require("broken")
    .ready()
    .catch((error: unknown) => error);
  expect((broken as Error).message).toBe(
    "environment `broken`: connection attempt failed: no URL was given to connect to: cannot sign wss://h/x (tried twice)",
  );
  server.refusals.push(...Array.from({ length: 100 }, () => 401));
  const plain = environments.require("plain");
  const lost = reaches(plain, "Lost");
  server.cut();
  await lost;
  const reopening = await plain.ready().catch((error: unknown) => error);
  expect((reopening as Error).message).toMatch(/ws:\/\/127\.0\.0\.1:\d+\/p refused the upgrade with HTTP 401/);
  for (const environment of environments.ids.map((id) => environments.require(id))) {
    seen.push(inspect([environment, environment.state, environment.status(), environment.location], { depth: 2 }));
  }
  seen.push(inspect([broken, reopening], { depth: 6 }), inspect(environments, { depth: 2 }));
  expect(seen.length).toBeGreaterThan(20);
  for (const text of seen) expect(text).not.toContain(secret);
});

it("a URL that stays the same and is refused for what it is, is not dialled on (07 section 8)", async () => {
  await using server = await upgradeServer();
  await using link = await connect(server.url);
  const ended = new Promise((resolve) => link.state$.subscribe({ complete: () => resolve(undefined) }));
  server.refusals.push(503, 404);
  server.cut();
  await ended;
  expect(server.upgrades).toHaveLength(3);
  const error = await link.environmentInfo().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LinkFailedError);
  expect((error as LinkFailedError).reason).toMatch(
    /failed to resume the session: .* refused the upgrade with HTTP 404$/,
  );
});

it("the upgrade carries what it must, and no more; path and query of the URL stay (07 E-23)", async () => {
  verifies("07 E-23");
  await using server = await upgradeServer();
  await using environments = await openEnvironments({
    includeLocal: false,
    environments: [{ id: "a", url: `${server.url}/path?x=1#fragment` }],
  });
  await environments.require("a").environmentInfo();
  const [upgrade] = server.upgrades;
  expect(upgrade?.url).toBe("/path?x=1");
  expect(Object.keys(upgrade?.headers ?? {}).toSorted()).toEqual([
    "connection",
    "host",
    "sec-websocket-key",
    "sec-websocket-version",
    "upgrade",
  ]);
  expect(server.messages.map((text) => JSON.parse(text))).toEqual([
    { id: 1, method: "initialize", params: { clientName: "proctor", resumeSessionId: null } },
    { method: "initialized", params: {} },
    { id: 2, method: "environment/info", params: {} },
  ]);
});
