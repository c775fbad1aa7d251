import { createRequire } from "node:module";
import type * as OpenTelemetry from "@opentelemetry/api";

/** OpenTelemetry's API, as a module. */
export type OpenTelemetryApi = typeof OpenTelemetry;

/** Where every copy of the API, whatever its version, finds what an SDK has registered with another one. */
const registry = Symbol.for("opentelemetry.js.api.1");
const require = createRequire(import.meta.url);

/**
 * The API, if an SDK has been registered with it; else it is not even loaded, which would take 15 ms of the start of every program
 * that has no use for it (docs/telemetry.md).
 */
export function registeredApi(): OpenTelemetryApi | null {
  const registered = (globalThis as { [registry]?: { trace?: unknown; metrics?: unknown } })[registry];
  if (registered?.trace === undefined && registered?.metrics === undefined) return null;
  return require("@opentelemetry/api");
}
