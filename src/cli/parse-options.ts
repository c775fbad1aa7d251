import { type ParseArgsConfig, parseArgs } from "node:util";

/** The command line is wrong; the text says how. */
export class UsageError extends Error {}

/** The command line asks for the usage text. */
export class HelpRequested extends Error {}

/** `parseArgs` of node:util with `--help` for every command; what it refuses is a {@link UsageError}. */
export function parseOptions<T extends ParseArgsConfig & { readonly args: string[] }>(
  config: T,
): ReturnType<typeof parseArgs<T>> {
  if (config.args.includes("--help") || config.args.includes("-h")) throw new HelpRequested();
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Its first sentence names the fault; the rest explains positional arguments.
    throw new UsageError(error.message.split(/\. |\n/)[0], { cause: error });
  }
}
