/** What the hot messages cost with and without the general path: `node bench/hot-messages.ts`. */
import { encodeBase64 } from "../src/protocol/base64.ts";
import { decodeParams, decodeServerNotification } from "../src/protocol/decode.ts";
import { decodeMessage, encodeNotification } from "../src/protocol/envelope.ts";
import { encodeOutput, encodeProcessId } from "../src/protocol/output-frame.ts";

const id = encodeProcessId("build");

function perCallMicros(work: () => unknown): number {
  const runs = 2_000;
  const samples: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const start = performance.now();
    for (let index = 0; index < runs; index += 1) work();
    samples.push(((performance.now() - start) * 1_000) / runs);
  }
  return samples.sort((a, b) => a - b)[4] ?? Number.NaN;
}

for (const size of [20, 4_096, 65_536]) {
  const bytes = new Uint8Array(size).map((_, index) => index * 31);
  const chunk = encodeBase64(bytes);
  const output = { processId: "build", seq: 7, stream: "stdout", chunk };
  const outputText = encodeNotification("process/output", output);
  const write = { processId: "build", writeId: "w7", chunk };
  const byHand = JSON.parse(outputText) as { params: typeof output };
  const rows = {
    "encode process/output, JSON.stringify": () =>
      encodeNotification("process/output", { ...output, chunk: encodeBase64(bytes) }),
    "encode process/output, by hand": () => encodeOutput(id, 7, "stdout", bytes),
    "decode envelope (JSON.parse)": () => decodeMessage(outputText),
    "decode process/output params, zod": () => decodeServerNotification("process/output", output),
    "decode process/output params, base64 alone": () => Buffer.from(byHand.params.chunk, "base64"),
    "decode process/write params, zod": () => decodeParams("process/write", write),
  };
  for (const [name, work] of Object.entries(rows)) {
    perCallMicros(work);
    console.log(`${String(size).padStart(6)} B  ${name.padEnd(44)} ${perCallMicros(work).toFixed(2).padStart(8)} µs`);
  }
}
