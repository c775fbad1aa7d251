import { type Clock, systemClock } from "../ports/clock.ts";
import type { Host } from "../ports/host.ts";
import { detectShell, type Shell } from "./environment/shell.ts";
import { nodeFileHost } from "./files/node-file-host.ts";
import { posixProcessHost } from "./spawn/posix-process-host.ts";
import { tempSpillStore } from "./spill/temp-spill-store.ts";

/** The machine this program runs on, Linux or macOS; for one executor, which disposes of it. */
export function nodeHost(clock: Clock = systemClock): Host {
  const processes = posixProcessHost({ clock });
  processes.recover();
  let shell: Promise<Shell> | undefined;
  return {
    processes,
    files: nodeFileHost,
    spill: tempSpillStore(),
    environment: () => process.env,
    info: async () => {
      shell ??= detectShell(); // asked for with every connection, answered once: a login shell does not change under us
      const { name, path } = await shell;
      return { shell: { name, path } };
    },
    [Symbol.dispose]: () => processes[Symbol.dispose](),
  };
}
