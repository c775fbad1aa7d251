import { ended, patched, refused, running } from "./expected-answers.ts";
import { exec, patch, start, type } from "./model-calls.ts";
import type { Scenario } from "./scenarios.ts";

/** Turns whose commands are confined, and what they come to on an executor that can confine them. */
export const sandboxedScenarios: readonly Scenario[] = [
  {
    name: "a command may write to the workspace and nowhere else",
    sandboxFlag: "workspace-write",
    files: { ".git/": "", "folder/": "" },
    steps: [
      [exec("echo inside > folder/file && cat folder/file")],
      [exec("cd && echo outside > file"), exec("echo x > .git/file"), exec("echo $CODEX_SANDBOX_NETWORK_DISABLED")],
      [exec(`apply_patch <<'EOF'\n${patch("*** Add File: folder/patched", "+x")}EOF\n`)],
      start("read -r x; echo got $x; cd && echo outside > file", { tty: true }),
      type("y\n"),
    ],
    outputs: () => [
      ended(0, "inside\n"),
      ended(1, "/bin/bash: line 1: file: Read-only file system\n"),
      ended(1, "/bin/bash: line 1: .git/file: Read-only file system\n"),
      ended(0, "1\n"),
      patched("A folder/patched"),
      running(""),
      ended(1, "y\r\ngot y\r\n/bin/bash: line 1: file: Read-only file system\r\n"),
    ],
    filesAfter: { ".git/": "", "folder/file": "inside\n", "folder/patched": "x\n" },
  },
  {
    name: "a command may write nowhere",
    sandboxFlag: "read-only",
    files: { "seen.txt": "seen\n" },
    steps: [[exec("cat seen.txt"), exec("echo x > file")]],
    outputs: () => [ended(0, "seen\n"), ended(1, "/bin/bash: line 1: file: Read-only file system\n")],
  },
];

const noSandbox = "(-32602): this executor cannot enforce a sandbox on this host yet; nothing was run";

/**
 * A turn on an executor that cannot confine commands: it runs none of them and writes no file, for it enforces
 * the whole intent or refuses (05, Principle).
 */
export const unconfinable: Scenario = {
  name: "what cannot be confined is not run",
  sandboxFlag: "workspace-write",
  files: { "kept.txt": "kept\n" },
  steps: [
    [exec("echo x > new.txt"), exec("echo x > new.txt", { tty: true })],
    [exec(`apply_patch <<'EOF'\n${patch("*** Add File: new.txt", "+x")}EOF\n`)],
  ],
  outputs: (workspace) => [
    refused("/bin/bash -lc 'echo x > new.txt'", noSandbox),
    refused("/bin/bash -lc 'echo x > new.txt'", noSandbox),
    `Exit code: 1\nWall time: <seconds> seconds\nOutput:\nFailed to write file ${workspace}/new.txt\n`,
  ],
};
