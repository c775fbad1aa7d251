import type { Host } from "../ports/host.ts";
import { detectShell, type Shell } from "./environment/shell.ts";
import { nodeFileHost } from "./files/node-file-host.ts";
import { posixProcessHost } from "./spawn/posix-process-host.ts";

/** The machine this program runs on. */
export function nodeHost(): Host {
  let shell: Promise<Shell> | undefined;
  return {
    processes: posixProcessHost(),
    files: nodeFileHost,
    environment: () => process.env,
    info: async () => {
      shell ??= detectShell(); // asked for with every connection, answered once: a login shell does not change under us
      const { name, path } = await shell;
      return { shell: { name, path } };
    },
  };
}
