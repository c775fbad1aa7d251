import type { MetricOptions } from "@opentelemetry/api";

/** How durations are counted: in seconds, between the bounds of the reference's histograms (07 section 13.4). */
export const inSeconds: MetricOptions = {
  unit: "s",
  advice: {
    explicitBucketBoundaries: [
      0, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 12, 15, 20, 30, 60, 120,
    ],
  },
};
