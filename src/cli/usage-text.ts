import type { ResourceUsage } from "../protocol/process.ts";

/** What a command used, in a line for people. */
export function usageText(usage: ResourceUsage | null): string {
  if (usage === null) return "the executor's host cannot tell what the command used";
  const { userCpuMs, systemCpuMs, peakMemoryBytes } = usage;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(3)} s`;
  const memory = peakMemoryBytes === null ? "unknown" : `${(peakMemoryBytes / 1024 / 1024).toFixed(1)} MiB`;
  return `${seconds(userCpuMs)} user, ${seconds(systemCpuMs)} system, peak memory ${memory}`;
}
