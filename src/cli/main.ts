import { HelpRequested, UsageError } from "./parse-options.ts";
import { usage } from "./usage.ts";
import { version } from "./version.ts";

/** A command: gets its arguments, resolves to the exit code. */
type Command = (args: readonly string[]) => Promise<number>;

/** Loaded when called for, so that `proctor --version` starts as fast as node does. */
const commands = {
  serve: async (): Promise<Command> => (await import("./serve.ts")).serveCommand,
  run: async (): Promise<Command> => (await import("./run.ts")).runCommand,
  environments: async (): Promise<Command> => (await import("./environments.ts")).environmentsCommand,
  observe: async (): Promise<Command> => (await import("./observe.ts")).observeCommand,
  inspect: async (): Promise<Command> => (await import("./inspect.ts")).inspectCommand,
  chart: async (): Promise<Command> => (await import("./chart.ts")).chartCommand,
  doctor: async (): Promise<Command> => (await import("./doctor.ts")).doctorCommand,
};

const isCommand = (name: string): name is keyof typeof commands => Object.hasOwn(commands, name);

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === "--help" || name === "-h") return say(usage.main);
  if (name === "--version") return say(`${version()}\n`);
  if (name === undefined) return refuse("no command given", "main", 2);
  if (!isCommand(name)) return refuse(`unknown command \`${name}\``, "main", 2);
  try {
    const command = await commands[name]();
    return await command(args);
  } catch (error) {
    if (error instanceof HelpRequested) return say(usage[name]);
    // `run` leaves the low codes to the command that it runs, as env(1) does.
    if (error instanceof UsageError) return refuse(error.message, name, name === "run" ? 125 : 2);
    throw error;
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function refuse(message: string, topic: keyof typeof usage, exitCode: number): number {
  process.stderr.write(`proctor: ${message}\n\n${usage[topic]}`);
  return exitCode;
}

process.exitCode = await main(process.argv.slice(2));
