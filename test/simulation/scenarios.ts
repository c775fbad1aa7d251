import fc from "fast-check";
import type { Fault, Fork, Operation, Program, Scenario } from "./scenario.ts";

/** Operations and faults begin within this time. */
const horizonMs = 20_000;
/** Then everything heals: late enough for an outage that no link survives. */
export const healingAtMs = 60_000;

/** Early moments are likely: what is near in time meets. */
const moment = fc.oneof(
  { weight: 3, arbitrary: fc.nat(100) },
  { weight: 3, arbitrary: fc.nat(1_000) },
  { weight: 1, arbitrary: fc.nat(horizonMs) },
);
const pause = fc.oneof({ weight: 4, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.nat(3_000) });
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(40) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 4_095) },
  { weight: 1, arbitrary: fc.constant(65_536) },
);
const rarely = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

const stream = fc.constantFrom("stdout" as const, "stderr" as const);
const piece = fc.record({ afterMs: pause, stream, bytes: size });
const largePiece = fc.record({ afterMs: fc.constantFrom(0, 0, 0, 20), stream, bytes: fc.constant(65_536) });

const fork: fc.Arbitrary<Fork> = fc.record({
  atMs: pause,
  livesMs: fc.constantFrom(0, 30, 500, 5_000, null),
  leavesGroup: fc.boolean(),
  holdsPipes: fc.boolean(),
  heedsTerm: fc.boolean(),
  bytes: fc.constantFrom(0, 3, 40),
});

const program: fc.Arbitrary<Program> = fc.record({
  spawnMs: fc.oneof({ weight: 5, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.nat(4_000) }),
  failsToSpawn: rarely,
  output: fc.oneof(
    { weight: 40, arbitrary: fc.array(piece, { maxLength: 12 }) },
    { weight: 1, arbitrary: fc.array(largePiece, { minLength: 10, maxLength: 40 }) },
  ),
  exitAfterMs: fc.option(pause, { nil: null, freq: 3 }),
  exitCode: fc.constantFrom(0, 1, 127),
  endLagMs: fc.constantFrom(0, 0, 1, 40),
  stderrLagMs: fc.constantFrom(0, 0, 1, 200),
  closesOutputEarly: rarely,
  forks: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Fork[]>([]) },
    { weight: 1, arbitrary: fc.array(fork, { minLength: 1, maxLength: 2 }) },
  ),
  readEveryMs: fc.constantFrom(0, 0, 0, 30, 2_000, null),
  closesStdinAfter: fc.option(fc.nat(3), { nil: null, freq: 1 }),
  exitsAtEndOfInput: fc.boolean(),
  heedsInterrupt: fc.boolean(),
  heedsTerm: fc.boolean(),
  killTakesMs: fc.nat(5),
});

const client = fc.nat(2);
const slot = fc.nat(1);
/** Processes are started early, so that there is something to be wrong with. */
const early = fc.oneof({ weight: 4, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: moment });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      type: fc.constant("start" as const),
      at: early,
      client,
      slot,
      program,
      stdin: fc.constantFrom("pipe" as const, "pipe" as const, "pty" as const, "none" as const),
      readerMs: fc.constantFrom(null, null, 0, 20, 300),
      abortAfterMs: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(60) }),
    }),
  },
  {
    weight: 50,
    arbitrary: fc.record({ type: fc.constant("write" as const), at: moment, client, slot, bytes: size }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      type: fc.constantFrom(
        "closeStdin" as const,
        "interrupt" as const,
        "signal" as const,
        "terminate" as const,
        "dispose" as const,
      ),
      at: moment,
      client,
      slot,
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      type: fc.constantFrom("writeFile" as const, "readFile" as const, "environmentInfo" as const, "list" as const),
      at: moment,
      client,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("burst" as const),
      at: moment,
      client,
      calls: fc.integer({ min: 2, max: 150 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("close" as const), at: moment, client }) },
  { weight: 15, arbitrary: fc.record({ type: fc.constant("observe" as const), at: early, client }) },
);

const direction = fc.constantFrom("up" as const, "down" as const, "both" as const);
const outage = fc.oneof(
  { weight: 12, arbitrary: fc.nat(400) },
  { weight: 4, arbitrary: fc.nat(15_000) },
  { weight: 1, arbitrary: fc.constantFrom(26_000, 40_000) },
);
const cut: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("cut" as const),
  client,
  at: moment,
  delivers: fc.boolean(),
});
const cutObservers: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("cutObservers" as const),
  client,
  at: moment,
  delivers: fc.boolean(),
});
const cutOnMessage: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("cutOnMessage" as const),
  client,
  dial: fc.integer({ min: 1, max: 4 }),
  direction: fc.constantFrom("up" as const, "down" as const),
  message: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 3, max: 30 })),
  how: fc.constantFrom(...(["lost", "lost", "torn", "torn", "heard", "heard", "stranded", "garbled"] as const)),
});
const blackHole: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("blackHole" as const),
  client,
  at: moment,
  forMs: outage,
  direction,
});
const noDial: fc.Arbitrary<Fault> = fc.record({
  type: fc.constantFrom("refuse" as const, "hang" as const),
  client,
  at: moment,
  forMs: outage,
});
const restart: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("restart" as const),
  client,
  at: moment,
  forMs: fc.nat(2_000),
  crashes: fc.boolean(),
});
const stall: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("stall" as const),
  client,
  at: moment,
  forMs: outage,
});
const strand: fc.Arbitrary<Fault> = fc.record({ type: fc.constant("strand" as const), client, at: moment });
const steal: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("steal" as const),
  client,
  at: moment,
  forMs: outage,
  thieves: fc.constantFrom(1, 1, 3),
  knowsIt: fc.constantFrom(true, true, true, false),
});
const tie: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("tie" as const),
  client,
  at: moment,
  offsetMs: fc.constantFrom(...([-1, 0, 0, 1] as const)),
});
const slow: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("slow" as const),
  client,
  at: moment,
  forMs: fc.nat(5_000),
  direction,
  rate: fc.constantFrom(1, 10, 100, 1_000),
});
const suspend: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("suspend" as const),
  client,
  at: moment,
  forMs: outage,
  who: fc.constantFrom("client" as const, "executor" as const),
});
const die: fc.Arbitrary<Fault> = fc.record({
  type: fc.constant("die" as const),
  client,
  at: moment,
  isHeard: fc.boolean(),
});

/** Worlds differ in what goes wrong there: where everything does, nothing gets far enough to fail in an interesting way. */
const faults: fc.Arbitrary<Fault[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Fault[]>([]) },
  {
    weight: 5,
    arbitrary: fc.array(fc.oneof(cut, cutObservers, cutOnMessage, cutOnMessage, slow), { maxLength: 10, size: "max" }),
  },
  {
    weight: 4,
    arbitrary: fc.array(fc.oneof(cut, cutObservers, cutOnMessage, cutOnMessage, noDial), {
      maxLength: 10,
      size: "max",
    }),
  },
  { weight: 2, arbitrary: fc.array(fc.oneof(cut, cutOnMessage, restart), { maxLength: 5, size: "max" }) },
  {
    weight: 3,
    arbitrary: fc.array(fc.oneof(cut, cutObservers, cutOnMessage, blackHole, strand, steal, tie, slow), {
      maxLength: 8,
      size: "max",
    }),
  },
  {
    weight: 2,
    arbitrary: fc.array(
      fc.oneof(
        cut,
        cutObservers,
        cutOnMessage,
        blackHole,
        noDial,
        stall,
        restart,
        strand,
        steal,
        tie,
        slow,
        suspend,
        die,
      ),
      { maxLength: 10, size: "max" },
    ),
  },
);

/** Any run. */
export const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    seed: fc.nat(1_000_000),
    clients: fc.constantFrom(1, 1, 1, 2, 3),
    latencyMs: fc
      .constantFrom([0, 0], [1, 1], [0, 10], [5, 80], [30, 30])
      .map(([least = 0, most = 0]) => [least, most] as const),
    shuffles: fc.boolean(),
    byteWeight: fc.constantFrom(1, 1, 16, 128),
    sessionTtlMs: fc.constantFrom(30_000, 30_000, 30_000, 2_000, 0),
    inPieces: fc.boolean(),
    isPlain: fc.constantFrom(false, false, false, true),
    keepsLittle: fc.boolean(),
    journals: fc.boolean(),
    operations: fc.array(operation, { maxLength: 30, size: "max" }),
    faults,
  })
  // What is meant for a client that this world does not have is another one's.
  .map((scenario) => {
    const ofThisWorld = <T extends { readonly client: number }>(all: readonly T[]): T[] =>
      all.map((one) => ({ ...one, client: one.client % scenario.clients }));
    return { ...scenario, operations: ofThisWorld(scenario.operations), faults: ofThisWorld(scenario.faults) };
  });
