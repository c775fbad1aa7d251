import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findBubblewrap, isFirstWsl, probeFault } from "../../../src/executor/sandbox/bubblewrap.ts";
import { verifies } from "../../rules/verifies.ts";

test("without bubblewrap the refusal says what to install", async () => {
  verifies("05 SB-N1", "05 SB-Q1");
  const refused = findBubblewrap("relative:/nonexistent");
  await expect(refused).rejects.toThrow(
    /sandbox intent cannot be enforced on this executor: .*apt-get install bubblewrap/,
  );
});

test("a program that is not bubblewrap, or too old, is named with what it lacks", async () => {
  verifies("05 SB-Q2");
  const folder = mkdtempSync("/var/tmp/proctor-bwrap-");
  try {
    symlinkSync("/bin/true", join(folder, "bwrap"));
    await expect(findBubblewrap(folder)).rejects.toThrow(/does not know --perms, .*--ro-bind-fd/);
  } finally {
    rmSync(folder, { recursive: true });
  }
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

test.each([
  ["Linux version 4.4.0-19041-Microsoft", true],
  ["Linux version 5.15.90.1-microsoft-standard-WSL2", false],
  ["Linux version 4.19.0-WSL1", true],
  ["Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)", false],
])("WSL 1 is told from the others: %s", (version, isFirst) => {
  verifies("05 SB-Q5");
  expect(isFirstWsl(version)).toBe(isFirst);
});
