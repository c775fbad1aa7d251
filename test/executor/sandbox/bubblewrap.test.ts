import { chmodSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findBubblewrap, isFirstWsl, probeFault } from "../../../src/executor/sandbox/bubblewrap.ts";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";
import { type ChildEnd, SandboxRefusedError } from "../../../src/ports/process-host.ts";
import { verifies } from "../../rules/verifies.ts";

test("without bubblewrap the refusal says what to install", async () => {
  verifies("05 SB-N1", "05 SB-Q1");
  const refused = findBubblewrap("relative:/nonexistent");
  await expect(refused).rejects.toThrow(
    /sandbox intent cannot be enforced on this executor: .*apt-get install bubblewrap/,
  );
});

/** A folder with a `bwrap` of our own, which acts on its first argument as `cases` say, and otherwise as the real one does. */
function stranger(cases: string) {
  const folder = mkdtempDisposableSync("/var/tmp/proctor-bwrap-");
  const file = join(folder.path, "bwrap");
  writeFileSync(
    file,
    `#!/bin/sh\nsay() { printf '%s\\n' "$1" >&2; exit 1; }\ncase " $* " in\n${cases}\nesac\nexec /usr/bin/bwrap "$@"\n`,
  );
  chmodSync(file, 0o755);
  return folder;
}

const oldHelp = `*" --help "*) echo '--args FD --bind --seccomp FD --json-status-fd FD --cap-drop CAP --remount-ro DEST'; exit;;`;

test("a bubblewrap that is too old is named with its version and what it lacks, and with what to install", async () => {
  verifies("05 SB-Q2", "05 SB-N1");
  using folder = stranger(`${oldHelp}\n*" --version "*) echo bubblewrap 0.4.1; exit;;`);
  await expect(findBubblewrap(folder.path)).rejects.toThrow(
    /^sandbox intent cannot be enforced on this executor: \/.*\/bwrap is too old: bubblewrap 0\.4\.1 does not know --perms, --bind-fd, --ro-bind-fd; install bubblewrap 0\.8\.0 or later/,
  );
});

test("a program of that name that is something else is told as one that is too old", async () => {
  verifies("05 SB-Q2");
  using folder = stranger("*) echo something else; exit;;");
  await expect(findBubblewrap(folder.path)).rejects.toThrow(/is too old: it does not know --perms, .*--ro-bind-fd/);
});

test("where there are no user namespaces the refusal says so", async () => {
  verifies("05 SB-Q3", "05 SB-N1");
  using folder = stranger(
    `*" --ro-bind "*) say 'bwrap: No permissions to create a new namespace, likely because the kernel does not allow it';;`,
  );
  await expect(findBubblewrap(folder.path)).rejects.toThrow(
    /does not let bubblewrap make user namespaces .*allow them for this user/,
  );
});

test("where it fails for a reason that nobody knows, the reason is told", async () => {
  verifies("05 SB-Q3");
  using folder = stranger(`*" --ro-bind "*) say 'bwrap: something new';;`);
  await expect(findBubblewrap(folder.path)).rejects.toThrow(
    "bubblewrap does not work on this machine: bwrap: something new",
  );
});

const noNetwork = `*" --unshare-net "*) say 'bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted';;`;
const noProc = `*" --proc "*) say "bwrap: Can't mount proc on /newroot/proc: Operation not permitted";;`;

test.each([
  ["", { isolatesNetwork: true, mountsProc: true }],
  [noNetwork, { isolatesNetwork: false, mountsProc: true }],
  [noProc, { isolatesNetwork: true, mountsProc: false }],
  [`${noNetwork}\n${noProc}`, { isolatesNetwork: false, mountsProc: false }],
])("what it cannot do here is found out: %j", async (cases, abilities) => {
  verifies("05 SB-Q3", "05 SB-Q4");
  using folder = stranger(cases);
  expect(await findBubblewrap(folder.path)).toMatchObject({
    ...abilities,
    version: expect.stringMatching(/^bubblewrap \d/),
  });
});

/** Runs a program in a sandbox of that bubblewrap; resolves with what it printed. */
async function confined(
  searchPath: string,
  argv: readonly string[],
  network: "restricted" | "enabled",
): Promise<string> {
  using host = posixProcessHost({ sandbox: { searchPath } });
  const files = {
    entries: [{ path: "/", access: "read" }],
    denyGlobs: [],
    globScanMaxDepth: null,
    platformDefaults: false,
  } as const;
  let printed = "";
  const exited = Promise.withResolvers<ChildEnd>();
  const child = await host.spawn(
    { argv, arg0: null, cwd: "/", env: { PATH: "/usr/bin:/bin" }, stdin: "none", confinement: { files, network } },
    {
      output: (_stream, bytes) => {
        printed += Buffer.from(bytes).toString();
      },
      ended: () => undefined,
      exited: exited.resolve,
      stdinClosed: () => undefined,
    },
  );
  expect(await exited.promise).toMatchObject({ exitCode: 0 });
  child.release();
  return printed;
}

test("without a fresh /proc a program sees an empty one, never the host's", async () => {
  verifies("05 SB-Q4");
  using folder = stranger(noProc);
  expect(await confined(folder.path, ["ls", "-A", "/proc"], "restricted")).toBe("");
});

test("without network namespaces only those with a network are confined, the others are refused", async () => {
  verifies("05 SB-Q3");
  using folder = stranger(noNetwork);
  expect(await confined(folder.path, ["echo", "ran"], "enabled")).toBe("ran\n");
  await expect(confined(folder.path, ["echo", "ran"], "restricted")).rejects.toThrow(SandboxRefusedError);
});

test("nothing below the working directory is taken for bubblewrap", async () => {
  verifies("05 SB-Q1");
  await expect(findBubblewrap("/usr/bin", "/usr")).rejects.toThrow(/not on the executor's PATH/);
});

test.each([
  ["bwrap: setting up uid map: Permission denied", "noUserNamespaces"],
  ["bwrap: No permissions to create a new namespace, likely because", "noUserNamespaces"],
  ["bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "noNetworkNamespace"],
  ["bwrap: loopback: Failed RTM_NEWLINK: Operation not permitted", "noNetworkNamespace"],
  ["bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "noProc"],
  ["bwrap: Can't mount proc on /newroot/proc: No such device", null],
  ["bwrap: execvp /bin/true: No such file or directory", null],
])("a failed probe is understood: %s", (stderr, fault) => {
  verifies("05 SB-Q3");
  expect(probeFault(stderr)).toBe(fault);
});

test("on a processor for which there is no filter nothing is confined, so nothing runs", async () => {
  verifies("05 SB-S3");
  const ours = Object.getOwnPropertyDescriptor(process, "arch");
  Object.defineProperty(process, "arch", { ...ours, value: "riscv64" });
  try {
    await expect(findBubblewrap("/usr/bin")).rejects.toThrow("there is no system call filter for riscv64");
  } finally {
    Object.defineProperty(process, "arch", { ...ours });
  }
});

test.each([
  ["Linux version 4.4.0-19041-Microsoft", true],
  ["Linux version 5.15.90.1-microsoft-standard-WSL2", false],
  ["Linux version 4.19.0-WSL1", true],
  ["Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)", false],
])("WSL 1 is told from the others: %s", (version, isFirst) => {
  verifies("05 SB-Q5");
  expect(isFirstWsl(version)).toBe(isFirst);
});
