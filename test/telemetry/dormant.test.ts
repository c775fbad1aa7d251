import { execa } from "execa";
import { expect, it } from "vitest";
import { systemClock } from "../../src/ports/clock.ts";
import type { ExecutorCensus } from "../../src/ports/telemetry.ts";
import { executorTelemetry } from "../../src/telemetry/executor-telemetry.ts";
import { linkTelemetry } from "../../src/telemetry/link-telemetry.ts";
import { verifies } from "../rules/verifies.ts";
import { MemoryLog } from "./memory-log.ts";
import { registerSdk } from "./sdk.ts";

const census = (): ExecutorCensus => {
  throw new Error("nobody has asked");
};
const executors = (telemetry?: false) => executorTelemetry({ clock: systemClock, census, telemetry });
const links = (telemetry?: false) => linkTelemetry(systemClock, { telemetry });

it("there is nobody to tell without an SDK and a logger, nor where the program wants no telemetry", async () => {
  verifies("07 E-48");
  expect([executors(), links()]).toEqual([undefined, undefined]);
  await using _sdk = registerSdk();
  expect([executors(false), links(false)]).toEqual([undefined, undefined]);
  expect([executors(), links()]).not.toContain(undefined);
});

it("there is nobody to tell any more once an SDK has gone", async () => {
  await using sdk = registerSdk();
  await sdk[Symbol.asyncDispose]();
  expect([executors(), links()]).toEqual([undefined, undefined]);
});

it("makes no span of what only a log is to hear of", () => {
  const link = linkTelemetry(systemClock, { logger: new MemoryLog() });
  expect([link?.call("process/start", { processId: "p" }), link?.process("p")]).toEqual([undefined, undefined]);
});

const loading = `
import { registerHooks } from "node:module";
const seen = [];
registerHooks({ resolve(name, context, next) { seen.push(name); return next(name, context); } });
const { connect, serve } = await import(${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)});
await using server = await serve();
await using link = await connect(server.url);
await (await link.start(["true"])).closed;
console.log(JSON.stringify(seen.filter((name) => /opentelemetry|pino/.test(name))), seen.length > 100);
`;

it("loads neither OpenTelemetry nor pino", async () => {
  verifies("07 E-48");
  const { stdout } = await execa(process.execPath, ["--input-type=module", "-e", loading]);
  expect(stdout).toBe("[] true");
});
