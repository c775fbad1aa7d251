import fc from "fast-check";
import { expect, it } from "vitest";
import { ProctorError } from "../../src/index.ts";
import { dialScripted, type ScriptedPeer, settled } from "./scripted-link.ts";

/** An executor's next move; numbers are taken modulo what there is. */
type Move =
  | { readonly do: "answer"; readonly nth: number; readonly result: unknown }
  | { readonly do: "refuse"; readonly nth: number; readonly error: unknown }
  | { readonly do: "notify"; readonly method: string; readonly params: unknown }
  | { readonly do: "send"; readonly message: string | Uint8Array };

const integer = fc.oneof(fc.integer({ min: -2, max: 12 }), fc.constantFrom(Number.MAX_SAFE_INTEGER, 1.5, -1e300));
const name = fc.constantFrom("1", "2", "3", "stranger", "", "__proto__", "constructor");
const stream = fc.constantFrom("stdout", "stderr", "pty", "stdin");
const chunk = fc.oneof(fc.base64String({ maxLength: 40 }), fc.constantFrom("", "!!!!", "a", "AAA", "AA=="));
const loosely = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(fields, { requiredKeys: [] }).chain((right) =>
    fc.oneof(
      { weight: 8, arbitrary: fc.constant(right) },
      {
        weight: 1,
        arbitrary: fc
          .dictionary(fc.constantFrom(...Object.keys(fields)), fc.jsonValue())
          .map((wrong) => ({ ...right, ...wrong })),
      },
      { weight: 1, arbitrary: fc.jsonValue() },
    ),
  );

const result = fc.oneof(
  fc.constantFrom(
    {},
    { sessionId: "s" },
    { status: "accepted" },
    { running: true },
    { shell: { name: "sh", path: "/bin/sh" } },
  ),
  loosely({
    processId: name,
    status: fc.constantFrom("accepted", "stdinClosed", "unknownProcess", "starting", "?"),
    running: fc.boolean(),
  }),
  fc.jsonValue(),
);
const event = fc.oneof(
  fc.tuple(fc.constant("process/output"), loosely({ processId: name, seq: integer, stream, chunk })),
  fc.tuple(fc.constant("process/exited"), loosely({ processId: name, seq: integer, exitCode: integer })),
  fc.tuple(fc.constant("process/closed"), loosely({ processId: name, seq: integer })),
  fc.tuple(fc.string(), fc.jsonValue()),
);
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("answer" as const), nth: fc.nat(), result }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("refuse" as const),
      nth: fc.nat(),
      error: loosely({ code: integer, message: fc.string(), data: fc.jsonValue() }),
    }),
  },
  { weight: 12, arbitrary: event.map(([method, params]) => ({ do: "notify" as const, method, params })) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      message: fc.oneof(fc.json(), fc.string({ unit: "binary" }), fc.uint8Array()),
    }),
  },
);

function play(peer: ScriptedPeer, step: Move): void {
  const request = (nth: number) => peer.requests[nth % Math.max(1, peer.requests.length)]?.id ?? nth;
  if (step.do === "answer") peer.answer(step.result, request(step.nth));
  else if (step.do === "refuse")
    peer.transport.send(JSON.stringify({ id: String(request(step.nth)), error: step.error }));
  else if (step.do === "notify") peer.notify(step.method, step.params);
  else peer.transport.send(step.message);
}

it("whatever an executor sends, the client neither crashes nor hangs: every promise settles, with a result or a typed error", async () => {
  const seen = { results: 0, errors: 0, survived: 0, failed: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 40 }), fc.boolean(), async (moves, answersHandshake) => {
      const { peer, clock, faults, connecting } = dialScripted({ answersHandshake });
      const outcomes: Promise<unknown>[] = [];
      const keep = (promise: Promise<unknown>): void => {
        outcomes.push(
          promise.then(
            () => "result",
            (error: unknown) => error,
          ),
        );
      };
      const using = connecting.then((link) => {
        keep(link.environmentInfo());
        keep(link.files.stat("/"));
        for (let n = 0; n < 3; n += 1) {
          const starting = link.start(["program"], { stdin: true });
          keep(starting);
          starting.then(
            (process) => {
              keep(process.text());
              keep(process.exited);
              keep(process.closed);
              keep(process.stdin.write("x"));
              keep(process.interrupt());
              process.events$.subscribe({ error: () => undefined });
            },
            () => undefined,
          );
        }
        return link;
      });
      keep(using);
      for (const step of moves) {
        play(peer, step);
        await settled();
      }
      const link = await Promise.race([using.catch(() => undefined), settled()]);
      if (link !== undefined) seen[link.state.value === "Connected" ? "survived" : "failed"] += 1;
      // The executor goes away, and time enough for every bound passes.
      peer.transport.destroy();
      await settled();
      clock.advance(60_000);
      await settled();
      expect(clock.pending).toBe(0);
      expect(faults).toEqual([]);
      for (const outcome of await Promise.all(outcomes)) {
        if (outcome !== "result") expect(outcome).toBeInstanceOf(ProctorError);
        seen[outcome === "result" ? "results" : "errors"] += 1;
      }
    }),
    { numRuns: 2_000 },
  );
  // The moves are worth nothing unless both good and bad things come of them.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
});
