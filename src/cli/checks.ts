import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bubblewrapRemedy, findBubblewrap } from "../executor/sandbox/bubblewrap.ts";
import { mechanismOf } from "../executor/sandbox/mechanism.ts";
import { seatbeltLauncher } from "../executor/sandbox/seatbelt.ts";
import { connect, type Link, localEnvironment, serve } from "../index.ts";
import { userEnvironments } from "./run-place.ts";

/** One thing that `proctor doctor` tries. */
export interface Check {
  readonly name: string;
  /** What to do when it fails. */
  readonly remedy: string;
  /** Without it Proctor is of no use here. */
  readonly essential: boolean;
  /** Resolves to what was seen; rejects when it does not work. The signal: it took too long. */
  run(signal: AbortSignal): Promise<string>;
}

/** Everything that Proctor needs of a machine beside Node itself, the simplest first. */
export const checks: readonly Check[] = [
  {
    name: "pipes",
    remedy: "a program must be able to start /bin/sh; look at the limits of this user (ulimit -u, ulimit -n)",
    essential: true,
    run: (signal) =>
      onThisMachine(signal, async (link) => {
        const child = await link.start(["/bin/sh", "-c", "read line; echo $line; echo error >&2; exit 3"], {
          stdin: true,
        });
        await child.stdin.write("hello\n");
        const [stdout, stderr, { exitCode }] = await Promise.all([
          child.text("stdout"),
          child.text("stderr"),
          child.exited,
        ]);
        expect([stdout, stderr, exitCode], ["hello\n", "error\n", 3]);
        return "a child reads its input, and its output, errors and exit code arrive";
      }),
  },
  {
    name: "terminal",
    remedy: "reinstall with optional dependencies (npm install --include=optional), and mount /dev/pts",
    essential: true,
    run: (signal) =>
      onThisMachine(signal, async (link) => {
        const child = await link.start(["/bin/sh", "-c", "test -t 0 && test -t 1 && tty"], { tty: true });
        const [device, { exitCode }] = await Promise.all([child.text(), child.exited]);
        expect([exitCode], [0]);
        return `a child runs on ${device.trim()}`;
      }),
  },
  {
    name: "process groups",
    remedy: "signals must reach the children of this user; look at the security policy of this container",
    essential: true,
    run: (signal) =>
      onThisMachine(signal, async (link) => {
        // The shell waits for its own child, and `closed` for everybody who holds the output: all of them must go. The
        // child speaks first, since a shell that is just forking can miss the signal.
        const child = await link.start(["/bin/sh", "-c", "/bin/sh -c 'echo ready; exec sleep 600'; :"]);
        await child.output.next();
        await child.interrupt();
        await child.closed;
        expect([(await child.exited).exitCode], [130]);
        return "an interrupt ends a child and its children";
      }),
  },
  {
    name: "loopback",
    remedy: "listening on 127.0.0.1 must be allowed; `proctor serve` needs it",
    essential: true,
    run: async (signal) => {
      await using server = await serve();
      await using link = await connect(server.url, { signal });
      await link.environmentInfo();
      return `an executor answers at ${server.url}`;
    },
  },
  {
    name: "login shell",
    remedy: "give this user a login shell that exists (chsh), or install one",
    essential: false,
    run: (signal) =>
      onThisMachine(signal, async (link) => {
        const { shell } = await link.environmentInfo();
        accessSync(shell.path, constants.X_OK);
        return shell.path;
      }),
  },
  {
    name: "temporary folder",
    remedy: "make it writable, or set TMPDIR to a folder that is",
    essential: true,
    run: (signal) =>
      onThisMachine(signal, async (link) => {
        const folder = mkdtempSync(join(tmpdir(), "proctor-doctor-"));
        try {
          const file = join(folder, "file");
          await link.files.writeFile(file, "content");
          expect([await link.files.readTextFile(file)], ["content"]);
          return tmpdir();
        } finally {
          rmSync(folder, { recursive: true });
        }
      }),
  },
  {
    name: "environments",
    remedy: "mend environments.toml, or what CODEX_EXEC_SERVER_URL says; `proctor environments --check` tries them all",
    essential: false,
    run: async () => {
      await using environments = await userEnvironments(undefined);
      const { ids, default: first } = environments;
      return first === undefined ? "there is no default" : `${ids.join(", ")}; the default is ${first.id}`;
    },
  },
  {
    name: "bubblewrap",
    remedy: `without it, programs that are to run in a sandbox are refused: ${bubblewrapRemedy}`,
    essential: false,
    run: async () => {
      if (mechanismOf(process.platform) === "seatbelt") {
        accessSync(seatbeltLauncher, constants.X_OK);
        return `not needed here: ${seatbeltLauncher} confines programs`;
      }
      const { file, version, mountsProc, isolatesNetwork } = await findBubblewrap(process.env.PATH ?? "");
      if (!isolatesNetwork) throw new Error(`${file} cannot make network namespaces on this machine`);
      return `${version} (${file}) confines programs${mountsProc ? "" : ", without a /proc inside"}`;
    },
  },
];

async function onThisMachine<T>(signal: AbortSignal, work: (link: Link) => Promise<T>): Promise<T> {
  await using link = await localEnvironment({ signal });
  // Closing ends the processes and settles whatever is awaited.
  signal.addEventListener("abort", () => void link.close());
  return await work(link);
}

function expect(seen: readonly unknown[], wanted: readonly unknown[]): void {
  const [seenText, wantedText] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (seenText !== wantedText) throw new Error(`saw ${seenText} instead of ${wantedText}`);
}
