import type { SandboxFlag } from "./codex-turn.ts";
import { ended, patched, patchedByTool, refused, running, unknownSession } from "./expected-answers.ts";
import { exec, patch, settleMs, start, type } from "./model-calls.ts";
import type { Step, ToolOutput } from "./scripted-model.ts";
import { smallPng } from "./small-png.ts";
import type { Files } from "./workspace.ts";

/** One turn, and what it must come to over any executor. */
export interface Scenario {
  readonly name: string;
  /** What the workspace holds before the turn. */
  readonly files?: Files;
  /** The turn's working directory below the workspace; the workspace itself where absent. */
  readonly cwd?: string;
  /** `bypass` where absent. */
  readonly sandboxFlag?: SandboxFlag;
  readonly steps: readonly Step[];
  /** What each call comes to, after normalisation, in the order of the calls. */
  outputs(workspace: string): readonly ToolOutput["output"][];
  /** Texts that the model's prompt holds. */
  prompt?(workspace: string): readonly string[];
  /** What the workspace holds afterwards, where the turn changes it. */
  readonly filesAfter?: Files;
}

const picture = smallPng();
const parallelCommands = Array.from({ length: 40 }, (_, number) => number);
const megabyte = 1_000_000;

/** What a model does all day, and what the model must be told of it. */
export const scenarios: readonly Scenario[] = [
  {
    name: "commands end with their exit code, stdout and stderr",
    steps: [
      [exec("echo hi")],
      [exec("echo out; echo 'err: oops' >&2; echo more; exit 7"), exec("true"), exec("echo 'err: alone' >&2; false")],
      [exec("kill -KILL $$"), exec("kill -TERM $$")],
    ],
    outputs: () => [
      ended(0, "hi\n"),
      ended(7, "out\nmore\nerr: oops\n"),
      ended(0, ""),
      ended(1, "err: alone\n"),
      ended(137, ""),
      ended(143, ""),
    ],
  },
  {
    name: "a command that does not exist",
    steps: [[exec("no-such-command --help")]],
    outputs: () => [ended(127, "/bin/bash: line 1: no-such-command: command not found\n")],
  },
  {
    name: "a working directory that does not exist",
    steps: [[exec("pwd", { workdir: "nowhere" })]],
    outputs: () => [refused("/bin/bash -lc pwd", "(-32603): No such file or directory (os error 2)")],
  },
  {
    name: "working directories below, above and elsewhere",
    files: { "below/": "" },
    cwd: "below",
    steps: [[exec("pwd"), exec("pwd", { workdir: ".." }), exec("pwd", { workdir: "/usr" })]],
    outputs: (workspace) => [ended(0, `${workspace}/below\n`), ended(0, `${workspace}\n`), ended(0, "/usr\n")],
  },
  {
    name: "the variables a command finds, and an empty stdin",
    steps: [[exec("env | cut -d= -f1 | sort"), exec("echo $TERM $NO_COLOR $LANG $PAGER"), exec("wc -c; ! test -t 1")]],
    outputs: () => [
      ended(
        0,
        "CODEX_CI\nCODEX_HOME\nCODEX_THREAD_ID\nCOLORTERM\nGH_PAGER\nGIT_PAGER\nHOME\nLANG\nLC_ALL\nLC_CTYPE\nNO_COLOR\nPAGER\nPATH\nPWD\nSHLVL\nTERM\n_\n",
      ),
      ended(0, "dumb 1 C.UTF-8 cat\n"),
      ended(0, "0\n"),
    ],
  },
  {
    name: "a command that runs on is polled until its end",
    steps: [start("echo ready; sleep 2; echo later; exit 4"), type(""), type("")],
    outputs: () => [running("ready\n"), ended(4, "later\n"), unknownSession],
  },
  {
    name: "a command that is left running ends with the turn",
    steps: [start("sleep 300 & echo ready; wait")],
    outputs: () => [running("ready\n")],
  },
  {
    name: "a background child that holds stdout keeps the command open",
    steps: [[exec("(sleep 1; echo late) & echo now")]],
    outputs: () => [ended(0, "now\nlate\n")],
  },
  {
    name: "a terminal echoes, prompts and ends with its process",
    steps: [
      start("printf 'name? '; read -r x; echo \"hello $x\"; test -t 1 && stty size; read -r y; exit $y", { tty: true }),
      type("Ada\n", settleMs),
      type("5\n"),
      type("6\n"),
    ],
    outputs: () => [running("name? "), running("Ada\r\nhello Ada\r\n24 80\r\n"), ended(5, "5\r\n"), unknownSession],
  },
  {
    name: "an interactive shell in a terminal",
    steps: [
      start("PS1='$ ' bash --norc --noprofile -i", { tty: true }),
      type("echo $((6*7))\n", settleMs),
      type("exit 3\n"),
    ],
    outputs: () => [running("$ "), running("echo $((6*7))\r\n42\r\n$ "), ended(3, "exit 3\r\nexit\r\n")],
  },
  {
    name: "Ctrl-C in a terminal",
    steps: [
      start("trap 'echo caught; exit 42' INT; echo ready; while :; do sleep 0.1; done", { tty: true }),
      type("\u0003"),
    ],
    outputs: () => [running("ready\r\n"), ended(42, "^Ccaught\r\n")],
  },
  {
    name: "Ctrl-D in a terminal",
    steps: [start("cat; echo bye", { tty: true }), type("one\n", settleMs), type("\u0004")],
    outputs: () => [running(""), running("one\r\none\r\n"), ended(0, "bye\r\n")],
  },
  {
    name: "Ctrl-C interrupts a command without a terminal",
    steps: [
      start("trap 'echo caught; exit 42' INT; echo ready; while :; do sleep 0.1; done"),
      type("x"),
      type("\u0003"),
      type("\u0003"),
    ],
    outputs: () => [
      running("ready\n"),
      "write_stdin failed: stdin is closed for this session; rerun exec_command with tty=true to keep stdin open",
      ended(42, "caught\n"),
      unknownSession,
    ],
  },
  {
    name: "Ctrl-C ends a command without a terminal that does not expect it",
    steps: [start("echo ready; sleep 30; echo never"), type("\u0003")],
    outputs: () => [running("ready\n"), ended(130, "")],
  },
  {
    name: "a patch given to exec_command adds, updates and deletes files",
    files: { "changed.txt": "one\ntwo\nthree\n", "gone.txt": "x\n", "kept.txt": "kept\n" },
    steps: [
      [
        exec(
          `apply_patch <<'EOF'\n${patch(
            "*** Add File: new/deep/file.txt",
            "+añadido",
            "*** Update File: changed.txt",
            "@@",
            " one",
            "-two",
            "+TWO",
            " three",
            "*** Delete File: gone.txt",
          )}EOF\n`,
        ),
      ],
      [exec("cat new/deep/file.txt changed.txt; ls")],
    ],
    outputs: () => [
      patched("A new/deep/file.txt", "M changed.txt", "D gone.txt"),
      ended(0, "añadido\none\nTWO\nthree\nchanged.txt\nkept.txt\nnew\n"),
    ],
    filesAfter: {
      "changed.txt": "one\nTWO\nthree\n",
      "kept.txt": "kept\n",
      "new/deep/file.txt": "añadido\n",
    },
  },
  {
    name: "the patch tool moves a file and refuses what does not fit",
    files: { "a.txt": "one\ntwo\n", "folder/": "" },
    steps: [
      [
        {
          name: "apply_patch",
          input: patch("*** Update File: a.txt", "*** Move to: folder/b.txt", "@@", "-one", "+1"),
        },
      ],
      [{ name: "apply_patch", input: patch("*** Update File: folder/b.txt", "@@", "-nowhere", "+x") }],
      [{ name: "apply_patch", input: patch("*** Delete File: missing.txt") }],
      [{ name: "apply_patch", input: patch("*** Delete File: folder") }],
      [{ name: "apply_patch", input: patch("*** Add File: folder", "+x") }],
    ],
    outputs: (workspace) => [
      patchedByTool("M folder/b.txt"),
      `apply_patch verification failed: Failed to find expected lines in ${workspace}/folder/b.txt:\nnowhere`,
      `apply_patch verification failed: Failed to read ${workspace}/missing.txt: No such file or directory (os error 2)`,
      `apply_patch verification failed: Failed to read ${workspace}/folder: path \`${workspace}/folder\` is not a file`,
      `Exit code: 1\nWall time: <seconds> seconds\nOutput:\nFailed to write file ${workspace}/folder\n`,
    ],
    filesAfter: { "folder/b.txt": "1\ntwo\n" },
  },
  {
    name: "AGENTS.md files from the project's root down to the working directory",
    files: {
      ".git/": "",
      "AGENTS.md": "Answer in rhymes.\n",
      "lib/AGENTS.override.md": "Never mind the rhymes: naïve prose.\n",
      "lib/AGENTS.md": "Not read, as the override wins.\n",
    },
    cwd: "lib",
    steps: [[exec("ls")]],
    outputs: () => [ended(0, "AGENTS.md\nAGENTS.override.md\n")],
    prompt: (workspace) => [
      `# AGENTS.md instructions for ${workspace}/lib\n\n<INSTRUCTIONS>\nAnswer in rhymes.\n\n\nNever mind the rhymes: naïve prose.\n\n</INSTRUCTIONS>`,
      `<cwd>${workspace}/lib</cwd>\n  <shell>bash</shell>`,
    ],
  },
  {
    name: "an image is shown to the model",
    files: { "small.png": picture, "text.txt": "no image\n", "folder/": "" },
    steps: [
      ["small.png", "missing.png", "folder"].map((path) => ({ name: "view_image", arguments: { path } })),
      [{ name: "view_image", arguments: { path: "text.txt" } }],
    ],
    outputs: (workspace) => [
      [{ type: "input_image", image_url: `data:image/png;base64,${picture.toString("base64")}` }],
      `unable to locate image at \`${workspace}/missing.png\`: No such file or directory (os error 2)`,
      `image path \`${workspace}/folder\` is not a file`,
      [{ type: "input_text", text: "image content omitted because it could not be processed" }],
    ],
  },
  {
    name: "a megabyte of output is shortened alike",
    steps: [[exec(`head -c ${megabyte} /dev/zero | tr '\\0' a`)], [exec("seq 1 150000")]],
    outputs: () => [
      ended(0, "a".repeat(megabyte)),
      ended(0, Array.from({ length: 150_000 }, (_, index) => `${index + 1}\n`).join("")),
    ],
  },
  {
    name: "many commands at the same time",
    steps: [parallelCommands.map((number) => exec(`echo ${number}; exit ${number}`))],
    outputs: () => parallelCommands.map((number) => ended(number, `${number}\n`)),
  },
  {
    name: "characters split between writes, and bytes that are no characters",
    steps: [
      [
        exec('for byte in 342 202 254 360 237 230 200; do printf "\\\\$byte"; sleep 0.05; done; echo'),
        exec("printf 'a\\377b\\303'; sleep 0.3; printf '\\251c\\0d\\n'"),
        exec("printf 'cut \\360\\237\\230'"),
      ],
    ],
    outputs: () => [ended(0, "€😀\n"), ended(0, "a\ufffdbéc\0d\n"), ended(0, "cut \ufffd")],
  },
];
