import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { proctor } from "./command.ts";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

test("--version prints the version of the package", async () => {
  expect(await proctor(["--version"])).toMatchObject({ stdout: `${manifest.version}\n`, stderr: "", exitCode: 0 });
});

test("--version loads no dependency", async () => {
  const spy = `
    import { registerHooks } from "node:module";
    registerHooks({ load(url, context, next) { process.stderr.write(url + "\\n"); return next(url, context); } });
  `;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(spy)}` };
  const { stderr, stdout } = await proctor(["--version"], { env });
  expect(stdout).toBe(`${manifest.version}\n`);
  expect(stderr).toContain("/src/cli/main.ts");
  expect(stderr).not.toContain("node_modules");
});

test("--help lists the commands on stdout", async () => {
  const { stdout, stderr, exitCode } = await proctor(["--help"]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  for (const name of ["serve", "run", "inspect", "chart", "doctor"])
    expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
});

describe.each(["serve", "run", "inspect", "chart", "doctor"])("%s", (name) => {
  test("--help prints its own text on stdout", async () => {
    const { stdout, stderr, exitCode } = await proctor([name, "--help"]);
    expect(stdout).toMatch(new RegExp(`^Usage: proctor ${name}`));
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });

  test("an unknown option is refused with the usage on stderr", async () => {
    const { stdout, stderr, exitCode } = await proctor([name, "--nonsense"]);
    expect(stderr).toMatch(new RegExp(`^proctor: Unknown option '--nonsense'\\n\\nUsage: proctor ${name}`));
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: name === "run" ? 125 : 2 });
  });
});

test.each([
  { args: [], fault: "no command given" },
  { args: ["fly"], fault: "unknown command `fly`" },
  { args: ["toString"], fault: "unknown command `toString`" },
])("$fault: exit code 2 and the usage on stderr", async ({ args, fault }) => {
  const { stdout, stderr, exitCode } = await proctor(args);
  expect(stderr).toMatch(`proctor: ${fault}\n\nUsage: proctor COMMAND`);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
});
