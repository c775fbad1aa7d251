import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleCommand } from "../../scripts/bundle-command.ts";
import { connect } from "../../src/index.ts";

const root = join(import.meta.dirname, "../..");
/** A package in a folder with a name that a shell would take apart. */
let home = "";
/** As npm puts it into the path. */
const link = () => join(home, "a proctor");
const env = { PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "proctor built $HOME "));
  await bundleCommand(join(home, "dist/cli"));
  await copyFile(join(root, "package.json"), join(home, "package.json"));
  await symlink(join(root, "node_modules"), join(home, "node_modules")); // for what is compiled for one platform
  await symlink(join(home, "dist/cli/main.js"), link());
});

afterAll(async () => {
  await rm(home, { recursive: true });
});

test("the built command is a program, through a link too, and hands its arguments on as they are", async () => {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  expect((await execa(link(), ["--version"], { env })).stdout).toBe(version);
  const words = ["a b", "$HOME", '"', "*", ""];
  const { stdout } = await execa(link(), ["run", "--", "printf", "<%s>", ...words], { env });
  expect(stdout).toBe(words.map((word) => `<${word}>`).join(""));
});

test("its exit code and its process are Node's: nothing stands in between", async () => {
  const { exitCode } = await execa(link(), ["run", "--", "sh", "-c", "exit 7"], { env, reject: false });
  expect(exitCode).toBe(7);
  const serving = execa(link(), ["serve", "--listen", "ws://127.0.0.1:0"], { env });
  for await (const url of serving) {
    expect(url).toMatch(/^ws:/);
    serving.kill("SIGTERM");
  }
  expect(await serving).toMatchObject({ exitCode: 0 });
});

test("it does file operations in a sandbox, by the helper that lies beside it", async () => {
  const serving = execa(link(), ["serve", "--listen", "ws://127.0.0.1:0"], { env });
  for await (const url of serving) {
    await using connection = await connect(String(url));
    const sandbox = { read: [join(home, "package.json")] };
    expect(await connection.files.readTextFile(join(home, "package.json"), { sandbox })).toContain("proctor");
    const hidden = connection.files.readFile(join(root, "package.json"), { sandbox });
    await expect(hidden).rejects.toMatchObject({ code: "notFound" });
    serving.kill("SIGTERM");
  }
  expect(await serving).toMatchObject({ exitCode: 0 });
});

test("it sets the limits of V8's memory before Node starts, and not where Node starts it", async () => {
  const probe = join(home, "probe.cjs");
  await writeFile(probe, "console.error(process.execArgv.join(' ')); process.exit();");
  const asked = { env: { ...env, NODE_OPTIONS: `--require ${JSON.stringify(probe)}` } };
  const limits = (await execa(link(), ["--version"], asked)).stderr;
  expect(limits).toMatch(/^--max-semi-space-size=\d+ --initial-old-space-size=\d+$/);
  expect((await execa(process.execPath, [link(), "--version"], asked)).stderr).toBe("");
});

test("what is copied into it comes with its licence", async () => {
  const notices = await readFile(join(home, "dist/cli/THIRD-PARTY-LICENSES"), "utf8");
  for (const name of ["execa", "rxjs", "ws", "xstate", "zod"]) expect(notices).toMatch(new RegExp(`^${name} \\d`, "m"));
});
