import { LinkFailedError } from "../../src/actors/link-errors.ts";
import { ProcessLostError } from "../../src/actors/process-lost-error.ts";
import type { Fault } from "./scenario.ts";
import type { Call, SimClient } from "./sim-client.ts";
import type { SimObserver } from "./sim-observer.ts";
import type { World } from "./simulate.ts";

/** Outages of a client that are shorter than this in all must be survived by every session that is kept long enough. */
const survivableMs = 8_000;
/** An executor that stops takes no longer. */
const stoppingMs = 5_000;
/** How long a closed process stays readable, and a little. */
const retentionMs = 31_000;

/** After the faults have stopped: every link is in order, or has ended with a reason. */
export function checkHealed(world: World): void {
  for (const client of world.clients) {
    if (client.isDead) continue;
    const state = client.link?.state;
    if (state === undefined) {
      if (client.calls[0]?.outcome === "pending") world.violate("I-18", `${client.name} still connects`);
      continue;
    }
    const { value, reason } = state;
    if (client.wasClosed ? value !== "Closed" : value !== "Connected" && value !== "Failed") {
      if (!(client.wasClosed && value === "Failed")) world.violate("liveness", `${client.name} is ${value}`);
    }
    if (value === "Failed" && reason === null) world.violate("I-24", `${client.name} failed for no reason`);
    if (value === "Failed" && !client.wasClosed && mustSurvive(world, client)) {
      world.violate("liveness", `${client.name} failed, though nothing was worse than a pause: ${reason}`);
    }
    if (value === "Connected") checkLiving(world, client);
  }
  for (const { client, observer } of observations(world)) if (isWatching(client, observer)) observer.checkCurrent();
  checkForgotten(world);
}

/** A process that was over long ago is forgotten (02 P-64), unless its client may not know of the end yet (03 D-3). */
function checkForgotten(world: World): void {
  const { site, clock, scenario } = world;
  const hosts = scenario.journals ? site.hosts : site.hosts.slice(-1);
  const children = hosts.flatMap((host) => [...host.children.values()]);
  const isRetained = (overAtMs: number) => clock.now() - Math.max(overAtMs, site.startedAtMs) < retentionMs;
  const known = children.filter(({ overAtMs }) => overAtMs === null || isRetained(overAtMs));
  const kept = (site.executor?.counts.processes ?? 0) - (site.executor?.waitingResults ?? 0);
  if (kept > known.length) world.violate("02 P-64", `${kept} processes are kept, ${known.length} should be`);
}

/** What a connected client has, while its programs still run. */
function checkLiving(world: World, client: SimClient): void {
  for (const { what, type, name, outcome } of client.calls) {
    const child = world.site.child(name);
    if (type === "start" && outcome !== "ok" && outcome !== "pending" && child?.isWithinReach === true) {
      world.violate("CL-52", `${what} -> ${outcome}, and the process runs on`);
    }
  }
  for (const { what, type, name, line, outcome } of client.calls) {
    const child = world.site.child(name);
    if (type !== "write" || outcome !== "ok" || child?.readsSoon !== true) continue;
    if (line !== null && !child.input.includes(line)) world.violate("I-8", `${what} was accepted and never arrived`);
  }
  for (const { name, error, mayHaveGap } of client.followed) {
    // What is on its way when a connection is lost unnoticed can be more than the least that an executor may be told to keep.
    const keepsLess = world.scenario.isPlain || world.scenario.keepsLittle;
    const isGap = error instanceof ProcessLostError && mayHaveGap && keepsLess;
    if (error !== null && !isGap && mustSurvive(world, client)) {
      world.violate("I-4", `the handle on ${name} failed: ${String(error)}`);
    }
    const child = world.site.child(name);
    const wasAsked = client.calls.some(
      (call) => call.name === name && (call.type === "terminate" || call.type === "dispose"),
    );
    const wasStopped = world.scenario.journals && world.scenario.faults.some(({ type }) => type === "restart");
    if (
      child?.signals.includes("SIGKILL") === true &&
      !wasAsked &&
      !wasStopped &&
      error === null &&
      !world.abortedNames.has(name)
    ) {
      world.violate("6", `${name} was killed, and nobody asked for it`);
    }
  }
}

/** After every program of a connected client has finished: everything is known. */
export function checkOver(world: World): void {
  for (const client of world.clients) {
    if (client.isDead) continue;
    for (const { what, outcome } of client.calls) {
      if (outcome === "pending") world.violate("I-18", `${what} never settles`);
    }
    if (client.link?.state.value !== "Connected") continue;
    for (const followed of client.followed) followed.checkComplete();
    for (const link of client.path.links) {
      const [method] = link.client.isHeld ? world.watch.unansweredOver(link.name) : [];
      if (method !== undefined) world.violate("8", `${method} over ${link.name} is never answered`);
    }
  }
  for (const { client, observer } of observations(world)) {
    observer.checkTrue();
    if (isWatching(client, observer)) observer.checkComplete();
    if (observer.outcome === "pending") world.violate("I-18", `${observer.name} still connects`);
  }
}

/** Everybody who observes, with the client whose session it is. */
function observations({ clients, observers }: World) {
  return clients.flatMap((client, index) => (observers[index] ?? []).map((observer) => ({ client, observer })));
}

/** Are the connections of both in order? */
function isWatching(client: SimClient, observer: SimObserver): boolean {
  const isObserved = !client.isDead && client.link?.state.value === "Connected";
  return isObserved && observer.observation?.state.value === "Connected";
}

/** No call was applied twice, and what a call said of its effect is true. */
function checkCalls(world: World): void {
  for (const client of world.clients) {
    for (const call of client.calls) {
      if (call.outcome === "pending" && !client.isDead) world.violate("I-18", `${call.what} never settles`);
      if (call.type === "start") checkStart(world, call);
      if (call.type === "writeFile") checkFile(world, call);
    }
    const reasons = client.calls.flatMap(({ error }) => (error instanceof LinkFailedError ? [error.message] : []));
    if (new Set(reasons).size > 1) world.violate("I-24", `${client.name} failed for ${reasons.join(" and for ")}`);
    for (const name of new Set(client.calls.map((call) => call.name))) {
      const calls = client.calls.filter((call) => call.name === name);
      checkStdin(world, name, calls);
      checkSignals(world, name, calls);
    }
  }
}

function checkStart(world: World, { what, name, outcome }: Call): void {
  const spawns = world.site.spawns(name);
  if (spawns > 1) world.violate("F-20", `${name} was spawned ${spawns} times`);
  const ran = world.site.child(name) !== undefined;
  if ((outcome === "ok" || outcome === "applied") && !ran) world.violate("8", `${what} succeeded, and nothing ran`);
  if (outcome === "notApplied" && ran) world.violate("8", `${what} says that nothing was done, and the process ran`);
}

function checkFile(world: World, { what, name, outcome }: Call): void {
  const writes = world.site.fileWrites(name);
  if (writes > 1) world.violate("D-5", `${name} was written ${writes} times`);
  if ((outcome === "ok" || outcome === "applied") && writes === 0)
    world.violate("8", `${what} succeeded, and nothing was written`);
  if (outcome === "notApplied" && writes > 0) world.violate("8", `${what} says that nothing was written`);
}

/** What a process read is a row of whole lines in the order of the calls, and none that failed for certain (I-8, I-9). */
function checkStdin(world: World, name: string, calls: readonly Call[]): void {
  const child = world.site.child(name);
  if (child === undefined) return;
  const read = child.input.split(/(?<=\n)/);
  const writes = calls.filter((call) => call.type === "write");
  let last = -1;
  for (const line of read) {
    if (line === "") continue;
    const index = writes.findIndex((call) => call.line === line);
    if (index < 0) return world.violate("I-9", `${name} read what nobody wrote: ${line.slice(0, 20)}`);
    if (index <= last) return world.violate("I-8", `${name} read ${line.slice(0, 12).trimEnd()} again or too late`);
    last = index;
  }
  for (const { what, line, outcome } of writes) {
    const wasRead = line !== null && read.includes(line);
    if (outcome === "notApplied" && wasRead) world.violate("8", `${what} says that nothing was written`);
  }
}

function checkSignals(world: World, name: string, calls: readonly Call[]): void {
  const child = world.site.child(name);
  if (child === undefined) return;
  for (const [signal, type] of [
    ["SIGINT", "interrupt"],
    ["SIGUSR1", "signal"],
  ] as const) {
    const got = child.signals.filter((one) => one === signal).length;
    const sent = calls.filter((call) => call.type === type && call.outcome !== "notApplied").length;
    if (got > sent) world.violate("F-28", `${name} got ${got} ${signal}, ${sent} were sent`);
  }
}

/** In the end nothing is left: no process, no connection, no timer, no entry. */
export function checkAtEnd(world: World): void {
  checkCalls(world);
  for (const observer of world.observers.flat()) {
    observer.checkTrue();
    observer.checkEnds();
    // Nobody closed it: it has heard that the session is over, or could not reach the executor.
    if (observer.outcome === "observing") world.violate("liveness", `${observer.name} observes what is over`);
  }
  for (const host of world.site.hosts) {
    for (const child of host.children.values()) {
      if (child.isAlive) world.violate("I-14", `${child.name} is alive, and nobody is left who could end it`);
    }
  }
  const owners = [...world.clients, ...world.observers.flat()];
  for (const path of [...owners.map(({ path }) => path), ...world.thieves]) {
    for (const link of path.links) if (!link.isOver) world.violate("I-28", `${link.name} is still open`);
  }
  const counts = world.site.executor?.counts;
  if (counts !== undefined && Object.values(counts).some((count) => count > 0)) {
    world.violate("I-28", `the executor still has ${JSON.stringify(counts)}`);
  }
  const { files } = world.site.disk;
  if (files > 0) world.violate("I-28", `${files} files are still open`);
  if (world.site.journaledSessions > 0) world.violate("D-8", "sessions that are over are left in the journal");
  if (world.clock.pending > 0) {
    world.violate("I-28", `${world.clock.pending} timers are left, the next at ${world.clock.nextDeadline}`);
  }
}

/** Is the sum of what goes wrong for a client no worse than a pause? */
function mustSurvive({ scenario }: World, client: SimClient): boolean {
  const isRestarted = scenario.faults.some(({ type }) => type === "restart");
  if (scenario.sessionTtlMs < 30_000 || (isRestarted && !scenario.journals)) return false;
  const outageMs = scenario.faults
    .filter((fault) => isEverybodys(fault) || `c${fault.client}` === client.name)
    .reduce((sum, fault) => sum + outageOf(fault), 0);
  return outageMs < survivableMs;
}

function isEverybodys(fault: Fault): boolean {
  return fault.type === "stall" || fault.type === "restart" || (fault.type === "suspend" && fault.who === "executor");
}

function outageOf(fault: Fault): number {
  if (fault.type === "tie") return Number.POSITIVE_INFINITY;
  if (fault.type === "restart") return fault.forMs + stoppingMs;
  return "forMs" in fault ? fault.forMs : 0;
}
