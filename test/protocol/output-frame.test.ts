import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeNotification } from "../../src/protocol/envelope.ts";
import {
  encodeClosed,
  encodeExited,
  encodeOutput,
  encodeOutputBytes,
  encodeProcessId,
} from "../../src/protocol/output-frame.ts";
import { verifies } from "../rules/verifies.ts";

const processId = fc.string({ unit: "binary" });
const seq = fc.maxSafeNat();

test("a frame of output says what the plain encoding says", () => {
  verifies("02 P-1", "02 P-24");
  const stream = fc.constantFrom("stdout" as const, "stderr" as const, "pty" as const);
  fc.assert(
    fc.property(processId, seq, stream, fc.uint8Array(), (processId, seq, stream, bytes) => {
      const params = { processId, seq, stream, chunk: Buffer.from(bytes).toString("base64") };
      const frame = encodeOutput(encodeProcessId(processId), seq, stream, bytes);
      expect(JSON.parse(frame)).toEqual(JSON.parse(encodeNotification("process/output", params)));
    }),
  );
});

test("as bytes it says the same, however long it is, in memory that was used before", () => {
  const memory = {
    take: (bytes: number) => Buffer.alloc(bytes + 7, "x"),
    give: () => {},
  };
  const length = fc.oneof(fc.nat(40_000), fc.constantFrom(0, 12_287, 12_288, 12_289, 24_576, 65_536));
  fc.assert(
    fc.property(processId, seq, length, fc.nat(255), (processId, seq, length, first) => {
      const bytes = new Uint8Array(length).map((_, index) => first + index * 31);
      const id = encodeProcessId(processId);
      const { message } = encodeOutputBytes(id, seq, "stderr", bytes, memory);
      expect(Buffer.from(message).toString() === encodeOutput(id, seq, "stderr", bytes)).toBe(true);
    }),
  );
});

test("so do the frames of an exit and of a close", () => {
  fc.assert(
    fc.property(
      processId,
      seq,
      fc.integer({ min: -1, max: 255 }),
      fc.boolean(),
      (processId, seq, exitCode, timedOut) => {
        const id = encodeProcessId(processId);
        const exited = encodeNotification("process/exited", {
          processId,
          seq,
          exitCode,
          ...(timedOut && { timedOut }), // a peer of the reference sees nothing new
        });
        expect(JSON.parse(encodeExited(id, seq, { exitCode, timedOut, usage: null }))).toEqual(JSON.parse(exited));
        const closed = encodeNotification("process/closed", { processId, seq });
        expect(JSON.parse(encodeClosed(id, seq))).toEqual(JSON.parse(closed));
      },
    ),
  );
});

test("the frame of an exit tells what the process used, if that is known", () => {
  const usage = { userCpuMs: 12, systemCpuMs: 0, peakMemoryBytes: null };
  const params = { processId: "p", seq: 2, exitCode: 0, timedOut: true, usage };
  const frame = encodeExited(encodeProcessId("p"), 2, { exitCode: 0, timedOut: true, usage });
  expect(JSON.parse(frame)).toEqual(JSON.parse(encodeNotification("process/exited", params)));
});

test("a frame is one byte per character, whatever the name of the process", () => {
  fc.assert(
    fc.property(processId, (processId) => {
      expect(encodeProcessId(processId)).toMatch(/^[\x20-\x7e]*$/);
    }),
  );
});
