import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  EnvironmentConfigError,
  environmentsFromFile,
  environmentsFromHome,
  environmentsFromVariables,
} from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proctor-environments-"));
  file = join(folder, "environments.toml");
});

afterAll(() => rm(folder, { recursive: true }));

async function read(toml: string | Uint8Array) {
  await writeFile(file, toml);
  return environmentsFromFile(file)();
}

async function refused(toml: string | Uint8Array): Promise<EnvironmentConfigError> {
  const error = await read(toml).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EnvironmentConfigError);
  return error as EnvironmentConfigError;
}

/** The texts of all that is wrong, each with its key. */
const textsOf = ({ issues }: EnvironmentConfigError) => issues.map(({ path, message }) => `${path}: ${message}`);

it("reads the file of the specification: both kinds, their limits, and a folder beside the file (07 E-12)", async () => {
  verifies("07 E-12", "07 E-13");
  const snapshot = await read(`
default = "devbox"            # optional
include_local = true          # optional, default true

[[environments]]
id = "devbox"
url = " ws://127.0.0.1:4512/path?x=1 "
connect_timeout_sec = 12.5
initialize_timeout_sec = 34

[[environments]]
id = "ssh-dev"
program = " ssh "
args = ["dev", "codex exec-server --listen stdio"]
cwd = "work"
[environments.env]
CODEX_LOG = "debug"
`);
  expect(snapshot).toEqual({
    default: "devbox",
    includeLocal: true,
    environments: [
      {
        id: "devbox",
        url: "ws://127.0.0.1:4512/path?x=1",
        headers: undefined,
        connectTimeoutMs: 12_500,
        initializeTimeoutMs: 34_000,
      },
      {
        id: "ssh-dev",
        program: "ssh",
        args: ["dev", "codex exec-server --listen stdio"],
        cwd: join(folder, "work"),
        env: { CODEX_LOG: "debug" },
        initializeTimeoutMs: undefined,
      },
    ],
  });
});

it("reads the file that the README shows", async () => {
  const readme = await readFile(join(import.meta.dirname, "../../../README.md"), "utf8");
  const [, toml = ""] = /^```toml\n(.*?)^```$/ms.exec(readme) ?? [];
  const { environments } = await read(toml);
  expect(environments.map(({ id }) => id)).toEqual(["devbox", "cloud", "ssh-dev"]);
});

it("takes every way in which TOML can say it", async () => {
  const snapshot = await read(`
environments = [
  { id = "a", program = "x", env = { "A B" = "1", "é" = '2' } },
  { id = 'b', url = "wss://h", env.X = "not allowed with a URL" },
]
`).catch((error: unknown) => error);
  expect((snapshot as EnvironmentConfigError).issues[0]).toMatchObject({ path: "environments[1]", line: 4 });
  await expect(
    read(
      '[[environments]]\nid = "a"\nprogram = """x"""\nenv."A B" = "1"\nenv.__proto__ = "2"\nargs = [\n  "1", # one\n]\n',
    ),
  ).resolves.toMatchObject({
    environments: [{ id: "a", program: "x", args: ["1"], env: JSON.parse('{"A B": "1", "__proto__": "2"}') }],
  });
});

it.each<readonly [toml: string, text: string]>([
  ["default = 1", "default: invalid type: integer `1`, expected a string"],
  ["default = 1979-05-27", "default: invalid type: datetime, expected a string"],
  ["include_local = [true]", "include_local: invalid type: sequence, expected a boolean"],
  ["environments = 1.5", "environments: invalid type: floating point `1.5`, expected a sequence"],
  ["[environments]\nid = 'a'", "environments: invalid type: map, expected a sequence"],
  ["environments = [true]", "environments[0]: invalid type: boolean `true`, expected a map"],
  ["[[environments]]\nid = 1\nprogram = 'x'", "environments[0].id: invalid type: integer `1`, expected a string"],
  ["[[environments]]\nid = 'a'\nurl = 1", "environments[0].url: invalid type: integer, expected a string"],
  [
    "[[environments]]\nid = 'a'\nprogram = true",
    "environments[0].program: invalid type: boolean `true`, expected a string",
  ],
  [
    "[[environments]]\nid = 'a'\nprogram = 'x'\nargs = 'y'",
    "environments[0].args: invalid type: string, expected a sequence",
  ],
  [
    "[[environments]]\nid = 'a'\nprogram = 'x'\nargs = ['y', 1]",
    "environments[0].args[1]: invalid type: integer, expected a string",
  ],
  ["[[environments]]\nid = 'a'\nprogram = 'x'\nenv = 'y'", "environments[0].env: invalid type: string, expected a map"],
  [
    "[[environments]]\nid = 'a'\nprogram = 'x'\ncwd = 1",
    "environments[0].cwd: invalid type: integer `1`, expected a string",
  ],
  [
    "[[environments]]\nid = 'a'\nurl = 'ws://h'\nconnect_timeout_sec = 1e400",
    "environments[0].connect_timeout_sec: cannot convert float seconds to Duration: value is either too big or NaN, `Infinity`",
  ],
  [
    "[[environments]]\nid = 'a'\nurl = 'ws://h'\ninitialize_timeout_sec = -0.5",
    "environments[0].initialize_timeout_sec: cannot convert float seconds to Duration: value is negative, `-0.5`",
  ],
])("refuses %j by its key, its type and, where it can be no secret, its value (07 E-9)", async (toml, text) => {
  verifies("07 E-9");
  const error = await refused(toml);
  const [path = "", ...rest] = text.split(": ");
  expect(error.issues[0]).toMatchObject({ path, message: expect.stringContaining(rest.join(": ")) });
  expect(error.message).toContain(path);
  expect(error).toMatchObject({ code: "environmentConfig", effect: "notApplied" });
});

it.each([
  [
    "[[environments]]\nid = 'a'\nprogram = 'x'\nauth_bearer_token = 't0k3n'",
    "environment `a` auth_bearer_token requires url",
  ],
  [
    "[[environments]]\nid = 'a'\nurl = 'ws://example.net'\nauth_bearer_token = 't0k3n'",
    "exec-server WebSocket headers require wss:// or a loopback destination",
  ],
  ["[[environments]]\nid = 'a'\nurl = 'wss://[::1'", "is invalid: it cannot be parsed"],
  ["[[environments]]\nid = 'a'\nurl = 'ws://h/t0k3n\u00e9'", "invalid uri character"],
  [
    "[[environments]]\nid = 'a'\nurl = 't0k3n'",
    "environment url `(5 characters that are no URL)` must use ws:// or wss://",
  ],
])("refuses %j, and repeats no secret", async (toml, text) => {
  const error = await refused(toml);
  expect(error.message).toContain(text);
  expect(error.message).not.toContain("=t0k3n");
  expect(error.message).not.toMatch(/['"]t0k3n/);
});

it("sends a bearer token where the way is encrypted or does not leave this machine", async () => {
  for (const url of ["wss://example.net/x", "ws://127.0.0.1:1", "ws://localhost:1", "ws://[::1]:1"]) {
    const toml = `[[environments]]\nid = "a"\nurl = "${url}"\nauth_bearer_token = "t0k3n"\n`;
    await expect(read(toml)).resolves.toMatchObject({ environments: [{ headers: { authorization: "Bearer t0k3n" } }] });
  }
});

it("tells all that is wrong at once, with line, column and key, and no secret in it (07 E-9)", async () => {
  verifies("07 E-9", "07 E-10");
  const secret = "s3cr3t";
  const rules = await refused(`
default = "gone"
[[environments]]
id = " a"
url = "http://u:${secret}@h/p?t=${secret}"
[[environments]]
id = "b"
args = ["${secret}"]
connect_timeout_sec = 1
[[environments]]
id = "b"
program = " "
[environments.env]
TOKEN = "${secret}"
`);
  expect(textsOf(rules)).toEqual([
    "environments[0].id: environment id ` a` must not contain surrounding whitespace",
    "environments[0].url: environment url `http://h/p` must use ws:// or wss://",
    "environments[1]: environment `b` args, env, and cwd require program",
    "environments[1].connect_timeout_sec: environment `b` connect_timeout_sec requires url",
    "environments[1]: environment `b` must set exactly one of url or program",
    "environments[2].program: environment `b` program cannot be empty",
    "environments[2].id: environment id `b` is duplicated",
    "default: default environment `gone` is not configured",
  ]);
  expect(rules.issues.map(({ line, column }) => `${line}:${column}`)).toEqual([
    "4:6",
    "5:7",
    "8:8",
    "9:23",
    "6:1",
    "12:11",
    "11:6",
    "2:11",
  ]);
  expect(rules.message.split("\n")[0]).toBe(
    `environment id \` a\` must not contain surrounding whitespace (${file}:4:6, environments[0].id)`,
  );

  const shape = await refused(`
[[environments]]
url = "ws://u:${secret}@h/?${secret}"
nope = "${secret}"
args = "${secret}"
[environments.env]
TOKEN = ["${secret}"]
`);
  expect(textsOf(shape).map((text) => text.replace(/failed to parse .* at /, ""))).toEqual([
    "environments[0].id: line 2, column 1: missing field `id`",
    expect.stringMatching(/^environments\[0\]\.nope: line 4, column 1: unknown field `nope`, expected one of `id`,/),
    "environments[0].args: line 5, column 8: invalid type: string, expected a sequence",
    "environments[0].env.TOKEN: line 7, column 9: invalid type: sequence, expected a string",
  ]);
  for (const { message } of [rules, shape, await refused(`url = "${secret}`)]) expect(message).not.toContain(secret);
});

it("a file that cannot be read is told with its path, and one that is not there is none (07 E-9)", async () => {
  verifies("07 E-9");
  await expect(environmentsFromFile(join(folder, "nope.toml"))()).rejects.toMatchObject({
    code: "environmentConfig",
    issues: [
      {
        code: "unreadable",
        message: expect.stringMatching(/^failed to read environment config `.*nope\.toml`: ENOENT/),
      },
    ],
  });
  expect((await refused(Uint8Array.of(0xff, 0xfe))).message).toMatch(/^failed to read environment config/);
  const home = join(folder, "home");
  await mkdir(join(home, "environments.toml"), { recursive: true });
  await expect(environmentsFromHome(home, {})()).rejects.toThrow(/^failed to read environment config `.*EISDIR/);
  // A path that is too long for the system cannot be looked at, which is not the same as not being there.
  await expect(environmentsFromHome(join(folder, "x".repeat(5_000)), {})()).rejects.toThrow(
    /^failed to inspect environment config `.*ENAMETOOLONG/s,
  );
  await expect(environmentsFromHome(join(folder, "nowhere"), {})()).resolves.toEqual({ environments: [] });
});

it("without the file's row there are the variables' alone (07 E-7)", async () => {
  verifies("07 E-7");
  await writeFile(file, "default = 'nope'");
  await expect(environmentsFromHome(folder, { CODEX_EXEC_SERVER_URL: "ws://h" })()).rejects.toThrow("not configured");
  await expect(environmentsFromVariables({ CODEX_EXEC_SERVER_URL: " ws://h " })()).resolves.toEqual({
    environments: [{ id: "remote", url: "ws://h" }],
    default: "remote",
    includeLocal: false,
  });
});
