/** Parameters of every lifecycle property: enough runs for each push, more where `PROPERTY_RUNS` asks for them. */
export const runs = { numRuns: Math.max(1_000, Number(process.env.PROPERTY_RUNS ?? 0)) };
