import { expect, it } from "vitest";
import { verifies } from "../rules/verifies.ts";
import { startCollector } from "./collector.ts";
import { printed, proctor } from "./command.ts";

it("makes one trace of a command and its executor, and sends what is left at the end of each", async () => {
  verifies("07 E-45", "07 E-48");
  await using collector = await startCollector();
  const options = { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } };
  await using serving = proctor(["serve", "--otel"], options);
  const url = (await printed(serving.stdout, /^ws:.*\n/)).trim();
  const ran = await proctor(["run", "--otel", "--url", url, "--", "sh", "-c", "echo out; exit 3"], options);
  expect([ran.stdout, ran.stderr, ran.exitCode]).toEqual(["out\n", "", 3]);
  serving.kill("SIGTERM");
  const served = await serving;
  expect([served.stdout, served.stderr, served.exitCode]).toEqual([`${url}\n`, "", 0]);

  const one = (service: string, name: string) => {
    const found = collector.spans.filter((span) => span.service === service && span.name === name);
    expect(found, `${service}: ${name}`).toHaveLength(1);
    return found[0];
  };
  const life = one("proctor-run", "proctor.process");
  const call = one("proctor-run", "process/start");
  const request = one("proctor-exec-server", "process/start");
  const child = one("proctor-exec-server", "codex.exec_server.process");
  expect(new Set([life, call, request, child].map((span) => span?.traceId)).size).toBe(1);
  expect(call?.parentSpanId).toBe(life?.spanId);
  expect(request?.parentSpanId).toBe(call?.spanId);
  expect(child?.parentSpanId).toBe(request?.spanId);
  // What was added since the last time, as the reference sends it.
  expect(collector.temporalities.get("exec_server_requests_total")).toBe(1);
  expect(collector.temporalities.get("exec_server_process_duration_seconds")).toBe(1);
});

it("names itself as the environment says", async () => {
  await using collector = await startCollector();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: "ours" };
  await proctor(["run", "--otel", "--", "true"], { env });
  expect(new Set(collector.spans.map(({ service }) => service))).toEqual(new Set(["ours"]));
});

it("says once that nobody takes the telemetry, and works all the same", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT: "100" };
  const { stdout, stderr, exitCode } = await proctor(["run", "--otel", "--", "echo", "out"], { env });
  expect([stdout, exitCode]).toEqual(["out\n", 0]);
  expect(stderr).toMatch(/^proctor: telemetry could not be sent: .*\n$/);
});

it("says what to install where the packages are missing", async () => {
  const missing = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(name, context, next) {
        if (!/^@opentelemetry\\/sdk/.test(name)) return next(name, context);
        throw Object.assign(new Error(name), { code: "ERR_MODULE_NOT_FOUND" });
      },
    });`;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(missing)}` };
  const served = await proctor(["serve", "--otel"], { env });
  expect([served.stdout, served.exitCode]).toEqual(["", 1]);
  expect(served.stderr).toMatch(/^Error: --otel needs packages .*: npm install .*@opentelemetry\/sdk-trace.*\n$/);
  const ran = await proctor(["run", "--otel", "--", "true"], { env });
  expect([ran.stdout, ran.exitCode]).toEqual(["", 125]);
  expect(ran.stderr).toContain("npm install");
});
