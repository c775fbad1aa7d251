import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codexHome } from "../../../scripts/codex.ts";
import { type ConnectOptions, connect, type Link, type Services } from "../../../src/index.ts";
import { startServer } from "../../conformance/peer/server.ts";

/** An executor that can be killed like a program that crashes, and a link to it. */
export interface MortalLink extends AsyncDisposable {
  readonly link: Link;
  /** SIGKILL, at once. */
  kill(): Promise<void>;
}

/** What the suite needs of a place: all that a link has, whoever has it. */
export type Place = Omit<Pick<Link, keyof Link>, "files"> & Pick<Services, "files">;

/** A way to reach an executor; the suite holds for each. */
export interface Venue {
  readonly name: string;
  /** Whether the executor is the real one of Codex, which differs where a rule says so. */
  readonly isReference: boolean;
  /** Whether the services are those of an environment, which has its own word for its end. */
  readonly isEnvironment?: boolean;
  /** Opens a link, or what does as well. */
  open(options?: ConnectOptions): Promise<Place>;
  /** Opens a link to an executor of its own; missing where the executor is this very program. */
  openMortal?(): Promise<MortalLink>;
  /** A link that loses its executor recovers before it fails. Default: it fails at once. */
  readonly recovers?: boolean;
}

/** A link to a server process of its own. */
export async function mortalServer(kind: "proctor" | "reference"): Promise<MortalLink> {
  const server = await startServer(kind);
  const link = await connect(server.url, { recoveryDeadlineMs: 500 });
  return {
    link,
    kill: async () => {
      server.child.kill("SIGKILL");
      await server.exited;
    },
    [Symbol.asyncDispose]: async () => {
      await link.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A link to a command over stdio, which leaves its process id in a file so that it can be killed. */
export async function mortalCommand(command: readonly [string, ...string[]]): Promise<MortalLink> {
  const home = await codexHome();
  const folder = await mkdtemp(join(tmpdir(), "proctor-mortal-"));
  const pidFile = join(folder, "pid");
  const wrapped = ["/bin/sh", "-c", 'echo $$ > "$0"; exec "$@"', pidFile, ...command] as const;
  const link = await connect({ command: wrapped, env: { HOME: home, CODEX_HOME: home } });
  return {
    link,
    kill: async () => process.kill(Number(await readFile(pidFile, "utf8")), "SIGKILL") as unknown as undefined,
    [Symbol.asyncDispose]: async () => {
      await link.close();
      await rm(folder, { recursive: true });
      await rm(home, { recursive: true });
    },
  };
}
