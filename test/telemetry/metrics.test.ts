import { expect, it } from "vitest";
import { takeCensus } from "../../src/executor/census.ts";
import { memoryTransportPair } from "../../src/index.ts";
import { executorTelemetry } from "../../src/telemetry/executor-telemetry.ts";
import { ScriptedExecutor, startParams } from "../executor/scripted-executor.ts";
import { verifies } from "../rules/verifies.ts";
import { type MemorySdk, type Point, registerSdk } from "./sdk.ts";

/** The values of a metric by their attributes. */
async function valuesOf(sdk: MemorySdk, name: string): Promise<Readonly<Record<string, unknown>>> {
  return byAttributes((await sdk.collect()).get(name) ?? []);
}

function byAttributes(points: readonly Point[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(points.map(({ attributes, value }) => [Object.values(attributes).join(" "), value]));
}

async function running(world: ScriptedExecutor, ...processIds: string[]) {
  const { peer } = await world.connect();
  const children = [];
  for (const processId of processIds) {
    await peer.request("process/start", startParams(processId));
    children.push(world.host.last);
  }
  return { peer, children };
}

it("counts one request of each kind, and how long they took", async () => {
  verifies("07 E-48");
  await using sdk = registerSdk();
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.answer("environment/info");
  await peer.answer("process/read", { processId: "nobody", afterSeq: 0 });
  await peer.answer("what/isThis");
  const poll = peer.request("process/start", startParams("p"));
  await poll;
  void peer.answer("process/read", { processId: "p", afterSeq: 0, waitMs: 5_000 });
  await world.pass(100);
  peer.transport.destroy(); // while it waits
  await world.pass(100);
  const metrics = await sdk.collect();
  expect(byAttributes(metrics.get("exec_server_requests_total") ?? [])).toEqual({
    "initialize success": 1,
    "environment/info success": 1,
    "process/read error": 1,
    "unknown error": 1,
    "process/start success": 1,
    "process/read disconnected": 1,
  });
  const durations = byAttributes(metrics.get("exec_server_request_duration_seconds") ?? []);
  expect(durations["process/read disconnected"]).toMatchObject({ count: 1, sum: 0.1 });
  expect(durations["unknown error"]).toMatchObject({
    buckets: {
      boundaries: [
        0, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 12, 15, 20, 30, 60, 120,
      ],
    },
  });
});

it("gives each process one verdict: the first of exit and termination", async () => {
  verifies("07 E-47", "07 E-48");
  await using sdk = registerSdk();
  const world = new ScriptedExecutor();
  const { peer, children } = await running(world, "good", "bad", "ended", "late", "limited");
  const [good, bad, ended, late, limited] = children;
  await world.pass(2_000);
  good?.finish(0);
  bad?.finish(3);
  await peer.request("process/terminate", { processId: "ended" });
  ended?.finish(0); // whatever its code
  late?.finish(0);
  await peer.request("process/terminate", { processId: "late" }); // it has its verdict
  await peer.request("process/kill", { processId: "limited", signal: "SIGTERM" }); // a signal asks for nothing in particular
  limited?.finish(143);
  const metrics = await sdk.collect();
  expect(byAttributes(metrics.get("codex.process.start") ?? [])).toEqual({ "": 5 });
  expect(byAttributes(metrics.get("exec_server_processes_finished_total") ?? [])).toEqual({
    success: 2,
    error: 2,
    terminated: 1,
  });
  const seconds = byAttributes(metrics.get("exec_server_process_duration_seconds") ?? []);
  expect(seconds.terminated).toMatchObject({ count: 1, sum: 2 });
});

it("does not know how a process fared whose record goes before its exit, though nobody has asked for that", async () => {
  verifies("07 E-47");
  await using sdk = registerSdk();
  const { clock } = new ScriptedExecutor();
  const telemetry = executorTelemetry({ clock, census: () => takeCensus([], new Map()) });
  const [transport] = memoryTransportPair();
  const process = telemetry?.connection("c", transport).request("process/start", null).process("p");
  process?.started(1);
  process?.dropped(false);
  process?.exited(0, false); // too late
  telemetry?.stopped();
  expect(await valuesOf(sdk, "exec_server_processes_finished_total")).toEqual({ unknown: 1 });
});

it("counts the processes that a closing executor ends as terminated", async () => {
  verifies("07 E-47");
  await using sdk = registerSdk();
  const world = new ScriptedExecutor();
  const { children } = await running(world, "p");
  const closing = world.executor.close();
  children[0]?.finish(0);
  await closing;
  expect(await valuesOf(sdk, "exec_server_processes_finished_total")).toEqual({ terminated: 1 });
});

it("tells at each collection what is there, 0 for what is not, all executors together, and none that has stopped", async () => {
  verifies("07 E-48");
  await using sdk = registerSdk();
  const [first, second] = [new ScriptedExecutor(), new ScriptedExecutor({ sessionTtlMs: 60_000 })];
  const { peer } = await running(first, "p", "q");
  await running(second, "r");
  const gauges = async () => {
    const metrics = await sdk.collect();
    const names = [
      "connections_active",
      "sessions_active",
      "processes_active",
      "http_exchanges_active",
      "outgoing_queue_bytes",
    ];
    return Object.fromEntries(names.map((name) => [name, byAttributes(metrics.get(`exec_server_${name}`) ?? [])]));
  };
  expect(await gauges()).toEqual({
    connections_active: { websocket: 0, stdio: 0, memory: 2 },
    sessions_active: { attached: 2, detached: 0 },
    processes_active: { "": 3 },
    http_exchanges_active: { "": 0 },
    outgoing_queue_bytes: { "": 0 },
  });
  void peer.answer("http/request", {
    requestId: "r",
    method: "GET",
    url: "http://origin/",
    headers: [],
    streamResponse: true,
  });
  await first.pass(0);
  expect((await gauges()).http_exchanges_active).toEqual({ "": 1 });
  peer.transport.destroy();
  await first.pass(10);
  expect(await gauges()).toMatchObject({
    connections_active: { memory: 1 },
    sessions_active: { attached: 1, detached: 1 },
    http_exchanges_active: { "": 0 },
  });
  const closing = first.executor.close();
  for (const child of first.host.children) child.finish(0);
  await closing;
  expect((await gauges()).processes_active).toEqual({ "": 1 });
});

it("counts connections by their transport", async () => {
  verifies("07 E-48");
  await using sdk = registerSdk();
  const world = new ScriptedExecutor();
  await world.connect();
  await world.connect();
  expect(await valuesOf(sdk, "exec_server_connections_total")).toEqual({ memory: 2 });
  expect(await valuesOf(sdk, "exec_server_connections_total")).toEqual({}); // only what was added since
});

it("counts the bytes of bodies by their direction", async () => {
  verifies("07 E-48");
  await using sdk = registerSdk();
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  const body = { bodyBase64: btoa("12345") };
  const answer = peer.answer("http/request", {
    requestId: "r",
    method: "POST",
    url: "http://origin/",
    headers: [],
    ...body,
  });
  await world.pass(0);
  const exchange = world.host.http.last;
  exchange?.respond(200);
  exchange?.send("12");
  exchange?.send("345678");
  exchange?.end();
  await answer;
  expect(await valuesOf(sdk, "exec_server_http_body_bytes_total")).toEqual({ request: 5, response: 8 });
});
