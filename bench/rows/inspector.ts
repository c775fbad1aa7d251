import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type AnyActor, createActor, createMachine } from "xstate";
import { connect, type Inspector, type Link, serve } from "../../src/index.ts";
import { FeedEncoder } from "../../src/inspector/feed-encoder.ts";
import { HistoryLog } from "../../src/inspector/history-log.ts";
import { HistoryReader } from "../../src/inspector/history-reader.ts";
import { Hub } from "../../src/inspector/hub.ts";
import type { Row } from "../row.ts";
import { type Sizes, scaled, type Values } from "../sizes.ts";
import { quantile } from "../stats.ts";
import { startBare } from "../subjects/bare.ts";
import { withCpu } from "../subjects/process-cost.ts";
import { crowded } from "./timing.ts";

const starts = { inAll: 64, atOnce: 16, rounds: 4 };
const transitions = 40_000;
const fleet = { actors: 2_000, perSecond: 20_000, tickMs: 10, ms: 2_000 };

/** A machine under the name of one of ours that goes to and fro. */
const swing = createMachine({
  id: "session",
  initial: "A",
  states: { A: { on: { go: "B" } }, B: { on: { go: "A" } } },
});

/** Somebody who watches, in a process of their own. */
async function viewerOf(inspector: Inspector | null): Promise<Disposable> {
  const { origin, hash } = new URL(inspector?.url ?? "");
  const body = JSON.stringify({ token: hash.slice("#token=".length) });
  const answer = await fetch(`${origin}/session`, { method: "POST", headers: { origin }, body });
  const cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const child = fork(join(import.meta.dirname, "../wire/feed-reader.ts"), [origin, cookie], { execArgv: [] });
  await once(child, "message");
  return { [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

/** Processor time of this program, in microseconds: what it takes by the clock depends on who else works on this machine. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const begun = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begun);
  return user + system;
}

/** Milliseconds of processor time for each program, on both sides of the wire. */
async function startCost(link: Link, sizes: Sizes): Promise<number> {
  const count = scaled(starts.inAll, sizes, starts.atOnce);
  const micros = await cpuOf(() => crowded(count, starts.atOnce, async () => (await link.start(["/bin/true"])).closed));
  return micros / 1_000 / count;
}

/** The same on three executors in this process, taken in turns. */
async function startCosts(sizes: Sizes): Promise<Values> {
  await using plain = await serve();
  await using idle = await serve({ inspect: true });
  await using watched = await serve({ inspect: true });
  await using plainLink = await connect(plain.url);
  await using idleLink = await connect(idle.url);
  await using watchedLink = await connect(watched.url);
  using _ = await viewerOf(watched.inspector);
  const costs: [number[], number[], number[]] = [[], [], []];
  for (let round = -1; round < scaled(starts.rounds, sizes); round += 1) {
    for (const [index, link] of [plainLink, idleLink, watchedLink].entries()) {
      const cost = await startCost(link, sizes);
      if (round >= 0) costs[index]?.push(cost);
    }
  }
  const [none = 0, unwatched = 0, viewed = 0] = costs.map((each) => quantile(each, 0.5));
  return { "start cpu": none, "start cpu unwatched": unwatched / none, "start cpu watched": viewed / none };
}

function swinging(hub: Hub | null, count: number): AnyActor[] {
  return Array.from({ length: count }, (_, index) => {
    const actor = createActor(swing, { id: `session ${index}` });
    hub?.created(actor, { facts: () => ({}) }, null);
    return actor.start();
  });
}

/** Microseconds for each transition of one actor. */
async function transitionCost(actor: AnyActor | undefined, count: number): Promise<number> {
  const micros = await cpuOf(async () => {
    for (let sent = 0; sent < count; sent += 1) actor?.send({ type: "go" });
  });
  return micros / count;
}

/** What recording and encoding add to a transition. */
async function transitionCosts(sizes: Sizes): Promise<Values> {
  const count = scaled(transitions, sizes, 1_000);
  const hub = new Hub();
  const [bare] = swinging(null, 1);
  const [seen] = swinging(hub, 1);
  for (const actor of [bare, seen]) await transitionCost(actor, count);
  const unseen = await transitionCost(bare, count);
  using log = new HistoryLog(hub);
  await transitionCost(seen, count);
  const recorded = await transitionCost(seen, count);
  const reader = new HistoryReader(log);
  const encoder = new FeedEncoder(log);
  let encodedEvents = 0;
  const micros = await cpuOf(async () => {
    for (let passage = reader.next(); passage !== null; passage = reader.next()) {
      if (passage.kind === "records") encodedEvents += passage.to - passage.from;
      encoder.encode(passage);
    }
  });
  return { "record a transition": Math.max(0, recorded - unseen), "encode a transition": micros / encodedEvents };
}

/** Moves a fleet at a steady pace, and tells what part of a core that takes. */
async function pacedLoad(actors: readonly AnyActor[], sizes: Sizes): Promise<number> {
  const ticks = scaled(fleet.ms / fleet.tickMs, sizes, 20);
  const perTick = (fleet.perSecond * fleet.tickMs) / 1_000;
  let next = 0;
  const begun = performance.now();
  const { cpu } = await withCpu(process.pid, async () => {
    for (let tick = 1; tick <= ticks; tick += 1) {
      for (let sent = 0; sent < perTick; sent += 1) actors[next++ % actors.length]?.send({ type: "go" });
      const waitMs = begun + tick * fleet.tickMs - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
    }
  });
  return (cpu * 100_000) / (performance.now() - begun);
}

async function fleetLoad(sizes: Sizes): Promise<Values> {
  await using server = await serve({ inspect: true });
  const actors = swinging(server.inspector?.hub ?? null, fleet.actors);
  const alone = await pacedLoad(actors, sizes);
  using _ = await viewerOf(server.inspector);
  const watched = await pacedLoad(actors, sizes);
  return { "watch 2,000 actors": Math.max(0, watched - alone) };
}

/** What the inspector costs: nothing while nobody watches, and little when somebody does. */
export const inspector: Row = {
  name: "inspector",
  about:
    "processor time of executor and client for `/bin/true`, 16 at a time: with no inspector, and how many times that with one that nobody watches, and with a viewer; what recording and encoding take for each transition; what a viewer of 2,000 actors at 20,000 transitions a second takes of a core",
  measures: [
    { name: "start cpu", unit: "ms", better: "lower", isUnguarded: true },
    { name: "start cpu unwatched", unit: "times", better: "lower", goal: { value: 1.03 }, isUnguarded: true },
    { name: "start cpu watched", unit: "times", better: "lower", goal: { value: 1.05 }, isUnguarded: true },
    { name: "record a transition", unit: "µs", better: "lower", isUnguarded: true },
    { name: "encode a transition", unit: "µs", better: "lower", isUnguarded: true },
    { name: "watch 2,000 actors", unit: "% core", better: "lower", isUnguarded: true },
  ],
  executors: ["proctor"],
  warmUp: false,
  // Everything is needed in one process of its own: executors with an inspector and without, and the machines alone.
  async executor(_, sizes) {
    await using alone = await startBare();
    return await alone.work("inspector", sizes); // before it is disposed of
  },
  bare: () => Promise.resolve({}),
  async work(sizes) {
    return { ...(await startCosts(sizes)), ...(await transitionCosts(sizes)), ...(await fleetLoad(sizes)) };
  },
};
