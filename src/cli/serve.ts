import { type Server, serve } from "../serve.ts";
import { inspectOptions, readInspect, splitInspectPort, tellInspector } from "./inspect-options.ts";
import { parseOptions } from "./parse-options.ts";

/** `proctor serve`: stdout carries the URL and nothing else (01 W-2). */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const { values } = parseOptions({
    args: splitInspectPort(args),
    options: { listen: { type: "string" }, journal: { type: "string" }, ...inspectOptions },
  });
  const inspect = readInspect(values);
  let server: Server;
  try {
    const { listen, journal } = values;
    server = await serve({ listen, journal, inspect, onJournalError: warn });
  } catch (error) {
    // Everything that can go wrong before it listens is told in this form (01 W-4).
    return fail(error instanceof Error ? error.message : String(error));
  }
  const stopped = new Promise<null>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(null));
  });
  await tellInspector(server.inspector);
  if (server.url !== "stdio") process.stdout.write(`${server.url}\n`);
  const end = await Promise.race([stopped, server.ended]);
  await server.close();
  // Over stdio the end of the input is the ordinary end; any other is a fault of the peer (01 B-9).
  return end === null || end.code === 1000 ? 0 : fail(end.reason);
}

/** What the journal has lost costs a session or a process, and the executor goes on. */
function warn(error: unknown): void {
  process.stderr.write(`Warning: ${error instanceof Error ? error.message : String(error)}\n`);
}

function fail(text: string): number {
  process.stderr.write(`Error: ${text}\n`);
  return 1;
}
