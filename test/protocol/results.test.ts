import { describe, expect, test } from "vitest";
import { decodeResult, decodeServerNotification } from "../../src/protocol/decode.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import { verifies } from "../rules/verifies.ts";

const read = {
  chunks: [{ seq: 1, stream: "stdout", chunk: "eA==" }],
  nextSeq: 2,
  exited: false,
  exitCode: null,
  closed: false,
  failure: null,
  sandboxDenied: false,
};
const output = { processId: "p", seq: 1, stream: "pty", chunk: "eA==" };

describe("what a client takes from an executor", () => {
  test.each(Object.keys(read))("an answer to a read needs %s, unless that is sandboxDenied", (name) => {
    verifies("01 W-51");
    const { [name]: _, ...rest } = read as Record<string, unknown>;
    if (name === "sandboxDenied") expect(decodeResult("process/read", rest)).toMatchObject({ sandboxDenied: false });
    else expect(() => decodeResult("process/read", rest)).toThrow(ProtocolError);
  });

  test("members that nobody knows are ignored, in results, in what they hold, and in notifications", () => {
    verifies("01 W-51");
    const more = { ...read, sandboxType: "x", chunks: read.chunks.map((chunk) => ({ ...chunk, new: 1 })) };
    expect(decodeResult("process/read", more)).toEqual(decodeResult("process/read", read));
    expect(decodeResult("process/start", { processId: "p", sandboxType: null })).toEqual({ processId: "p" });
    expect(decodeResult("initialize", { sessionId: "s", environmentInfo: {} })).toEqual({ sessionId: "s" });
    expect(decodeServerNotification("process/output", { ...output, new: 1 })).toEqual(
      decodeServerNotification("process/output", output),
    );
  });

  test("facts of a place that only later releases tell are kept, and none but the shell is needed (07 E-38)", () => {
    verifies("07 E-38");
    const shell = { name: "bash", path: "/bin/bash" };
    const more = { shell, cwd: "file:///srv", executorVersion: "1", capabilities: { x: true } };
    expect(decodeResult("environment/info", more)).toEqual(more);
    for (const answer of [{ shell }, { shell, cwd: null }]) {
      expect(decodeResult("environment/info", answer)).toEqual(answer);
    }
    expect(() => decodeResult("environment/info", { cwd: "file:///srv" })).toThrow(ProtocolError);
  });

  test("a notification that nobody knows is none, and a known one that does not decode is a fault of the protocol", () => {
    verifies("01 W-51");
    expect(decodeServerNotification("process/invented", {})).toBeUndefined();
    expect(decodeServerNotification("toString", {})).toBeUndefined();
    for (const name of Object.keys(output)) {
      const { [name]: _, ...rest } = output as Record<string, unknown>;
      expect(() => decodeServerNotification("process/output", rest)).toThrow(ProtocolError);
    }
  });
});
