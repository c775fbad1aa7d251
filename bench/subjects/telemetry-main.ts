import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { metrics, propagation, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { NoopSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type * as Proctor from "../../src/index.ts";
import { quantile } from "../stats.ts";

const warmUp = 50;
const batch = 64;
const batchesPerRound = 20;

/** An executor in this program, and a peer that counts its answers. */
interface World extends AsyncDisposable {
  /** Answers so many batches of `environment/info`. */
  pump(batches: number): Promise<void>;
}

/** Starts an executor out of a compiled copy of Proctor. */
async function worldOf(dist: string): Promise<World> {
  const library: typeof Proctor = await import(pathToFileURL(join(dist, "index.js")).href);
  const executor = new library.Executor(library.nodeHost());
  const [peer, theirs] = library.memoryTransportPair();
  void executor.accept(theirs);
  let [left, done] = [0, () => {}];
  const heard = () => {
    left -= 1;
    if (left === 0) done();
  };
  peer.open({ message: heard, heard: () => undefined, drained: () => undefined, ended: () => undefined });
  const ask = (texts: readonly string[]) =>
    new Promise<void>((resolve) => {
      [left, done] = [texts.length, resolve];
      for (const text of texts) peer.send(text);
    });
  await ask(['{"id":1,"method":"initialize","params":{"clientName":"bench"}}']);
  peer.send('{"method":"initialized","params":{}}');
  const requests = Array.from({ length: batch }, (_, n) => `{"id":${n},"method":"environment/info","params":{}}`);
  return {
    pump: async (batches) => {
      for (let n = 0; n < batches; n += 1) await ask(requests);
    },
    [Symbol.asyncDispose]: () => executor.close(),
  };
}

/** The median ratio of what both cost in processor time, in slices of milliseconds that take turns: all else hits both alike. */
async function ratioOf(world: World, other: World, rounds: number): Promise<number> {
  const cost = async ({ pump }: World): Promise<number> => {
    const before = process.cpuUsage();
    await pump(batchesPerRound);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const ratios: number[] = [];
  for (let round = -warmUp; round < rounds; round += 1) {
    const isFirst = round % 2 === 0;
    const [a, b] = isFirst ? [world, other] : [other, world];
    const [costA, costB] = [await cost(a), await cost(b)];
    if (round >= 0) ratios.push(isFirst ? costA / costB : costB / costA);
  }
  return quantile(ratios, 0.5);
}

/** As a program does that wants its executor traced, and throws every span away. */
function registerSdk(): void {
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new NoopSpanProcessor()] }));
  metrics.setGlobalMeterProvider(new MeterProvider());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
}

// A program of its own for each comparison: what the compiler has learned of one build must not be of use to, or harm, another.
const [, , other = "", one = "", rounds = "", sdk] = process.argv;
await using otherWorld = await worldOf(other);
if (sdk === "sdk") registerSdk();
await using world = await worldOf(one);
console.log(await ratioOf(world, otherWorld, Number(rounds)));
