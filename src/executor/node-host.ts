import { pathToFileURL } from "node:url";
import { type Clock, systemClock } from "../ports/clock.ts";
import type { Host } from "../ports/host.ts";
import { detectShell, type Shell } from "./environment/shell.ts";
import { nodeFileHost } from "./files/node-file-host.ts";
import { nodeHttpHost } from "./http/node-http-host.ts";
import { fileJournal } from "./journal/file-journal.ts";
import { posixProcessHost } from "./spawn/posix-process-host.ts";
import { tempSpillStore } from "./spill/temp-spill-store.ts";

/** What a host may be asked to do besides. */
export interface NodeHostOptions {
  /** A folder in which sessions are written down, so that they outlive the executor; made if it is not there (03 D-8). */
  readonly journal?: string | undefined;
}

/**
 * The machine this program runs on, Linux or macOS; for one executor, which disposes of it.
 * @throws JournalInUseError while another executor has the journal; JournalError when its folder cannot be used.
 */
export function nodeHost(clock: Clock = systemClock, options: NodeHostOptions = {}): Host {
  const journal = options.journal === undefined ? undefined : fileJournal(options.journal, clock);
  const processes = posixProcessHost({ clock });
  const http = nodeHttpHost();
  processes.recover();
  let shell: Promise<Shell> | undefined;
  const workingDirectory = workingDirectoryUrl();
  return {
    processes,
    files: nodeFileHost,
    fileHelpers: processes.fileHelpers,
    http,
    spill: tempSpillStore(),
    journal,
    environment: () => process.env,
    info: async () => {
      shell ??= detectShell(); // asked for with every connection, answered once: a login shell does not change under us
      const { name, path } = await shell;
      return { shell: { name, path }, cwd: workingDirectory() };
    },
    [Symbol.dispose]: () => {
      http[Symbol.dispose]?.();
      processes[Symbol.dispose]();
      journal?.[Symbol.dispose]();
    },
  };
}

/** Tells where this program is, as a URL; making one takes a tenth of a small request, so it is made where the place is a new one. */
function workingDirectoryUrl(): () => string {
  let known = { path: "", url: "" };
  return () => {
    const path = process.cwd();
    if (path !== known.path) known = { path, url: pathToFileURL(path).href };
    return known.url;
  };
}
