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
  {
    name: "a patch may write to the workspace, and neither outside nor into its history",
    sandboxFlag: "workspace-write",
    files: { ".git/HEAD": "ref: refs/heads/main\n", "kept.txt": "kept\n", "gone.txt": "gone\n" },
    steps: [
      [
        patchBy(
          "*** Add File: new/deep.txt",
          "+x",
          "*** Update File: kept.txt",
          "@@",
          "-kept",
          "+KEPT",
          "*** Delete File: gone.txt",
        ),
      ],
      [patchBy("*** Add File: .git/hooks/pre-commit", "+x")],
      [patchBy("*** Add File: /etc/patched", "+x")],
      [exec("cat new/deep.txt kept.txt; ls")],
    ],
    outputs: () => [
      patched("A new/deep.txt", "M kept.txt", "D gone.txt"),
      "patch rejected: writing outside of the project; rejected by user approval settings",
      "patch rejected: writing outside of the project; rejected by user approval settings",
      ended(0, "x\nKEPT\nkept.txt\nnew\n"),
    ],
    filesAfter: { ".git/HEAD": "ref: refs/heads/main\n", "kept.txt": "KEPT\n", "new/deep.txt": "x\n" },
  },
  {
    name: "a patch may write nowhere",
    sandboxFlag: "read-only",
    files: { "kept.txt": "kept\n" },
    steps: [[patchBy("*** Update File: kept.txt", "@@", "-kept", "+KEPT")]],
    outputs: () => ["patch rejected: writing is blocked by read-only sandbox; rejected by user approval settings"],
  },
  {
    name: "a patch does not leave the workspace through a link that the orchestrator knows nothing of",
    sandboxFlag: "workspace-write",
    files: { "kept.txt": "kept\n" },
    steps: [
      [exec("ln -s /var/tmp door")],
      [patchBy("*** Add File: door/left-by-a-patch", "+x")],
      [exec("ls door/left-by-a-patch"), exec("rm door")],
    ],
    outputs: (workspace) => [
      ended(0, ""),
      `Exit code: 1\nWall time: <seconds> seconds\nOutput:\nFailed to write file ${workspace}/door/left-by-a-patch\n`,
      ended(2, "ls: cannot access 'door/left-by-a-patch': No such file or directory\n"),
      ended(0, ""),
    ],
  },
  {
    name: "a confined command has no network",
    sandboxFlag: "workspace-write",
    steps: [[exec("exec 3<>/dev/tcp/127.0.0.1/9")]],
    outputs: () => [
      ended(
        1,
        "/bin/bash: socket: Operation not permitted\n/bin/bash: line 1: /dev/tcp/127.0.0.1/9: Operation not permitted\n",
      ),
    ],
  },
];

/** A patch is written by file operations, not by a command. */
function patchBy(...lines: readonly string[]) {
  return exec(`apply_patch <<'EOF'\n${patch(...lines)}EOF\n`);
}
