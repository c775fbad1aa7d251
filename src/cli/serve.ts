import { type Server, serve } from "../serve.ts";
import { inspectOptions, readInspect, splitInspectPort, tellInspector } from "./inspect-options.ts";
import { type Log, logOptions, openLog } from "./log.ts";
import { parseOptions } from "./parse-options.ts";

/** `proctor serve`: stdout carries the URL and nothing else (01 W-2). */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const { values } = parseOptions({
    args: splitInspectPort(args),
    options: {
      listen: { type: "string" },
      journal: { type: "string" },
      otel: { type: "boolean" },
      ...logOptions,
      ...inspectOptions,
    },
  });
  const inspect = readInspect(values);
  using log = await openLog(values);
  const warn = (error: unknown) => warnBy(log, error);
  let server: Server;
  await using ending = new AsyncDisposableStack();
  try {
    if (values.otel === true) ending.use(await (await import("./otel.ts")).startOtel("proctor-exec-server", warn));
    const { listen, journal } = values;
    server = await serve({ listen, journal, inspect, logger: log, onJournalError: warn });
  } catch (error) {
    // Everything that can go wrong before it listens is told in this form (01 W-4).
    return fail(error instanceof Error ? error.message : String(error));
  }
  const stopped = new Promise<null>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(null));
  });
  log?.info({ url: server.url }, "executor listens");
  await tellInspector(server.inspector);
  if (server.url !== "stdio") process.stdout.write(`${server.url}\n`);
  const end = await Promise.race([stopped, server.ended]);
  await server.close();
  log?.info({}, "executor stopped");
  // Over stdio the end of the input is the ordinary end; any other is a fault of the peer (01 B-9).
  return end === null || end.code === 1000 ? 0 : fail(end.reason);
}

/** What goes wrong beside the work costs something, and the executor goes on. */
function warnBy(log: Log | undefined, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  if (log === undefined) process.stderr.write(`Warning: ${text}\n`);
  else log.warn({}, text);
}

function fail(text: string): number {
  process.stderr.write(`Error: ${text}\n`);
  return 1;
}
