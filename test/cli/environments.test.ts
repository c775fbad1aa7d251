import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codexHome } from "../../scripts/codex.ts";
import { withReference } from "../client/suite/reference.ts";
import { type RunningServer, startServer } from "../conformance/peer/server.ts";
import { verifies } from "../rules/verifies.ts";
import { printed, proctor, program } from "./command.ts";

/** Two executors of their own, each with a folder that shows which it is, and a home with a file that names them. */
let first: RunningServer;
let second: RunningServer;
let home: string;
let env: Record<string, string>;

beforeAll(async () => {
  [first, second] = await Promise.all([
    startServer("proctor", { env: { LANG: "first" } }),
    startServer("proctor", { env: { LANG: "second" } }),
  ]);
  home = await realpath(await mkdtemp(join(tmpdir(), "proctor-home-")));
  await writeFile(
    join(home, "environments.toml"),
    `
default = "devbox"
include_local = true

[[environments]]
id = "devbox"
url = "${first.url}/?x=s3cr3t"
connect_timeout_sec = 12.5
initialize_timeout_sec = 34

[[environments]]
id = "other"
url = "${second.url}"

[[environments]]
id = "over-stdio"
program = "${process.execPath}"
args = [${JSON.stringify(program)}, "serve", "--listen", "stdio"]
cwd = "."
[environments.env]
LANG = "third"

[[environments]]
id = "gone"
url = "ws://127.0.0.1:1/?t=s3cr3t"

[[environments]]
id = "no-program"
program = "/no/such/program"
`,
  );
  env = { PROCTOR_HOME: home };
});

afterAll(async () => {
  await Promise.all([first, second].map((server) => server?.[Symbol.asyncDispose]()));
  await rm(home, { recursive: true });
});

// Each test starts several programs, which takes its time on a machine that is busy.
describe("proctor run", { timeout: 60_000 }, () => {
  test.each([
    { args: [], where: "first" },
    { args: ["--env", "devbox"], where: "first" },
    { args: ["--env", "other"], where: "second" },
    { args: ["--env", "over-stdio"], where: "third" },
    { args: ["--env=other", "--env", "LANG=mine"], where: "mine" },
    { args: ["--env", "local"], where: "here" },
  ])("$args runs in the environment that is named, or in the default", async ({ args, where }) => {
    const result = await proctor(["run", ...args, "sh", "-c", "echo $LANG; exit 3"], { env: { ...env, LANG: "here" } });
    expect(result).toMatchObject({ stdout: `${where}\n`, stderr: "", exitCode: 3 });
  });

  test("runs where it is told to: here in the present directory, elsewhere in the root", async () => {
    const pwd = (...args: string[]) => proctor(["run", ...args, "pwd"], { env, cwd: home });
    expect(await pwd("--env", "local")).toMatchObject({ stdout: `${home}\n` });
    expect(await pwd("--env", "other")).toMatchObject({ stdout: "/\n" });
    expect(await pwd("--env", "other", "--cwd", "/usr")).toMatchObject({ stdout: "/usr\n" });
    expect(await pwd("--env", "local", "--cwd", "/usr")).toMatchObject({ stdout: "/usr\n" });
  });

  test.each([
    { id: "nope", text: "unknown environment id `nope`; there is devbox, other, over-stdio, gone, no-program, local" },
    {
      id: "gone",
      text: "environment `gone`: connection attempt failed: cannot connect to ws://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1",
    },
    {
      id: "no-program",
      text: /^proctor: environment `no-program`: connection attempt failed: cannot start \/no\/such\/program: .*ENOENT/,
    },
  ])("an environment that cannot be used is told: $id", async ({ id, text }) => {
    const { stdout, stderr, exitCode } = await proctor(["run", "--env", id, "true"], { env });
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 125 });
    expect(stderr).toMatch(typeof text === "string" ? `proctor: ${text}\n` : text);
    expect(stderr).not.toContain("s3cr3t");
  });

  test("--environments names another file, whose faults are told with their places", async () => {
    const file = join(home, "other.toml");
    await writeFile(file, `default = "none"\n[[environments]]\nid = "only"\nurl = "${second.url}"\n`);
    const run = (...args: string[]) => proctor(["run", "--environments", "other.toml", ...args], { env, cwd: home });
    expect(await run("--env", "only", "sh", "-c", "echo $LANG")).toMatchObject({ stdout: "second\n", exitCode: 0 });
    expect(await run("true")).toMatchObject({
      stderr: "proctor: there is no default environment; use --env only or --env local\n",
      exitCode: 125,
    });
    await writeFile(file, `[[environments]]\nid = "a b"\nurl = "http://h"\n`);
    expect(await run("true")).toMatchObject({
      stderr: [
        `proctor: environment id \`a b\` must contain only ASCII letters, numbers, '-' or '_' (${file}:2:6, environments[0].id)\n`,
        `environment url \`http://h\` must use ws:// or wss:// (${file}:3:7, environments[0].url)\n`,
      ].join(""),
      exitCode: 125,
    });
  });

  test("a variable names the one environment, or none (07 section 3)", async () => {
    verifies("07 E-6");
    const run = (url: string) =>
      proctor(["run", "sh", "-c", "echo $LANG"], { env: { CODEX_EXEC_SERVER_URL: url, LANG: "here" } });
    expect(await run(second.url)).toMatchObject({ stdout: "second\n" });
    expect(await run(" ")).toMatchObject({ stdout: "here\n" });
    expect(await run("None")).toMatchObject({
      stderr: "proctor: there is no environment to run in; set CODEX_EXEC_SERVER_URL, or use --url\n",
      exitCode: 125,
    });
  });

  test("--observable tells how to watch what runs at the URL of an environment, and is refused elsewhere", async () => {
    await using running = proctor(["run", "--env", "other", "--observable", "sleep", "600"], { env });
    const line = await printed(running.stderr, /\n/);
    expect(line).toMatch(new RegExp(`^proctor: watch with: proctor observe --url ${second.url} [\\da-f-]+\n$`));
    expect(await proctor(["run", "--env", "over-stdio", "--observable", "true"], { env })).toMatchObject({
      stderr: "proctor: --observable: nobody else reaches this environment\n",
      exitCode: 125,
    });
  });
});

describe("proctor environments", { timeout: 60_000 }, () => {
  test("tells which there are, the default first, and connects to none", async () => {
    const { stdout, stderr, exitCode } = await proctor(["environments"], { env });
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).toBe(
      [
        `devbox      websocket  ${first.url}  (default)`,
        `other       websocket  ${second.url}`,
        `over-stdio  stdio      ${process.execPath}`,
        "gone        websocket  ws://127.0.0.1:1",
        "no-program  stdio      /no/such/program",
        "local       local      this machine",
        "",
      ].join("\n"),
    );
  });

  test("--check tells which can be used, and why the others cannot", async () => {
    const { stdout, exitCode } = await proctor(["environments", "--check"], { env });
    expect(exitCode).toBe(1);
    const verdicts = String(stdout)
      .trim()
      .split("\n")
      .map((line) => line.split(/ {2}(?=- )/)[1]);
    expect(verdicts).toEqual([
      "- can be used",
      "- can be used",
      "- can be used",
      expect.stringMatching(/^- environment `gone`: connection attempt failed: .*ECONNREFUSED/),
      expect.stringMatching(/^- environment `no-program`: .*ENOENT/),
      "- can be used",
    ]);
    expect(stdout).not.toContain("s3cr3t");
  });

  test("a configuration that is wrong is told, with exit code 1", async () => {
    const file = join(home, "wrong.toml");
    await writeFile(file, "nope = 1\n");
    expect(await proctor(["environments", "--environments", file])).toMatchObject({
      stdout: "",
      stderr: expect.stringMatching(
        /^proctor: failed to parse environment config .* line 1, column 1: unknown field `nope`/,
      ),
      exitCode: 1,
    });
    expect(await proctor(["environments", "--nope"])).toMatchObject({ exitCode: 2 });
  });
});

await withReference((codex) => {
  test("proctor run --env runs on the real Codex, at a URL and over stdio", { timeout: 60_000 }, async () => {
    verifies("07 E-1");
    await using server = await startServer("reference");
    const theirHome = await codexHome();
    const file = join(home, "codex.toml");
    await writeFile(
      file,
      `
default = "at-url"
[[environments]]
id = "at-url"
url = "${server.url}"
[[environments]]
id = "over-stdio"
program = "${codex}"
args = ["exec-server", "--listen", "stdio"]
env = { HOME = "${theirHome}", CODEX_HOME = "${theirHome}" }
`,
    );
    for (const id of ["at-url", "over-stdio"]) {
      const args = ["run", "--environments", file, "--env", id, "sh", "-c", "echo out; echo err >&2; exit 4"];
      expect(await proctor(args)).toMatchObject({ stdout: "out\n", stderr: "err\n", exitCode: 4 });
    }
    await rm(theirHome, { recursive: true });
  });
});
