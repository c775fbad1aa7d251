import { ended, patched, running } from "./expected-answers.ts";
import { exec, patch, start, type } from "./model-calls.ts";
import type { Scenario } from "./scenarios.ts";

/** Turns whose commands are confined, and what they come to. */
export const sandboxedScenarios: readonly Scenario[] = [
  {
    name: "a command may write to the workspace and nowhere else",
    sandboxFlag: "workspace-write",
    files: { ".git/": "", "folder/": "" },
    steps: [
      [exec("echo inside > folder/file && cat folder/file")],
      [exec("cd && echo outside > file"), exec("echo x > .git/file"), exec("echo $CODEX_SANDBOX_NETWORK_DISABLED")],
      start("read -r x; echo got $x; cd && echo outside > file", { tty: true }),
      type("y\n"),
    ],
    outputs: () => [
      ended(0, "inside\n"),
      ended(1, "/bin/bash: line 1: file: Read-only file system\n"),
      ended(1, "/bin/bash: line 1: .git/file: Read-only file system\n"),
      ended(0, "1\n"),
      running(""),
      ended(1, "y\r\ngot y\r\n/bin/bash: line 1: file: Read-only file system\r\n"),
    ],
    filesAfter: { ".git/": "", "folder/file": "inside\n" },
  },
  {
    name: "a command may write nowhere",
    sandboxFlag: "read-only",
    files: { "seen.txt": "seen\n" },
    steps: [[exec("cat seen.txt"), exec("echo x > file")]],
    outputs: () => [ended(0, "seen\n"), ended(1, "/bin/bash: line 1: file: Read-only file system\n")],
  },
];

/** A patch is written by a file operation, not by a command. */
const patchStep = [exec(`apply_patch <<'EOF'\n${patch("*** Add File: new.txt", "+x")}EOF\n`)];

/** A patch on an executor that confines file operations too. */
export const confinedPatch: Scenario = {
  name: "a patch may write to the workspace",
  sandboxFlag: "workspace-write",
  files: { "kept.txt": "kept\n" },
  steps: [patchStep],
  outputs: () => [patched("A new.txt")],
  filesAfter: { "kept.txt": "kept\n", "new.txt": "x\n" },
};

/** The same where file operations cannot be confined: nothing is written, for the whole intent is enforced or refused (05, Principle). */
export const unconfinablePatch: Scenario = {
  name: "a patch that cannot be confined is not written",
  sandboxFlag: "workspace-write",
  files: { "kept.txt": "kept\n" },
  steps: [patchStep],
  outputs: (workspace) => [
    `Exit code: 1\nWall time: <seconds> seconds\nOutput:\nFailed to write file ${workspace}/new.txt\n`,
  ],
};
