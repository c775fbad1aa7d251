import { ProctorError } from "../protocol/errors.ts";
import { readPort, tellInspector } from "./inspect-options.ts";
import { parseOptions, UsageError } from "./parse-options.ts";

/** `proctor inspect`: a recording on the page of the inspector, until a signal ends it. */
export async function inspectCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions({
    args: [...args],
    options: { port: { type: "string", default: "0" } },
    allowPositionals: true,
  });
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new UsageError("one recording is to be opened");
  const port = readPort(values.port);
  const { serveRecording } = await import("../inspector/recording-page.ts");
  try {
    await using page = await serveRecording(file, { port });
    const stopped = new Promise<void>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
    });
    await tellInspector(page);
    await stopped;
    return 0;
  } catch (error) {
    if (!(error instanceof ProctorError)) throw error;
    process.stderr.write(`proctor: ${error.message}\n`);
    return 1;
  }
}
