import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const readme = await readFile(join(root, "README.md"), "utf8");

/** The TypeScript blocks, each with the first of its lines to name it. */
const blocks = [...readme.matchAll(/^```ts\n(?<code>.*?)^```$/gms)].map(({ groups }, index) => {
  const code = groups?.code ?? "";
  return {
    name: `${index + 1}: ${code.split("\n").find((line) => !/^$|^import/.test(line))}`,
    file: `${index + 1}.ts`,
    code,
  };
});

const sources: Readonly<Record<string, string>> = {
  proctor: "../../src/index.ts",
  "proctor/mcp": "../../src/mcp/index.ts",
  "proctor/machines": "../../src/machines/index.ts",
  "proctor/protocol": "../../src/protocol/index.ts",
};

/**
 * A program of its own: the package by its source, the `link` that the page promises to every later block, and its files
 * where no other run of this test has any.
 */
function programOf(code: string): string {
  const own = code
    .replaceAll(/ from "(?<name>proctor[^"]*)"/g, (_, name: string) => ` from "${sources[name]}"`)
    .replaceAll("/tmp/proctor-readme", join(folder, "files"));
  if (/\blink =/.test(code) || !/\blink\b/.test(code)) return `${own}\nexport {};\n`;
  return `import { localEnvironment as anyEnvironment } from "${sources.proctor}";
await using link = await anyEnvironment();
${own}`;
}

/** In the checkout, since programs elsewhere would not find the dependencies; where git and the linter do not look. */
let folder: string;

beforeAll(async () => {
  await mkdir(join(root, ".vitest"), { recursive: true });
  folder = await mkdtemp(join(root, ".vitest/readme-"));
  for (const { file, code } of blocks) await writeFile(join(folder, file), programOf(code));
});

afterAll(() => rm(folder, { recursive: true }));

test("there are blocks to run, and each says what it prints", () => {
  expect(blocks.length).toBeGreaterThan(5);
  for (const { code } of blocks) expect(code).toContain("// =>");
});

test.each(blocks)("block $name", async ({ file, code }) => {
  const { stdout, stderr, exitCode } = await execa(process.execPath, [join(folder, file)], { reject: false });
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  const promised = [...code.matchAll(/\/\/ => (.*)$/gm)].map(([, line]) => line);
  expect(stdout.split("\n").filter((line) => line !== "")).toEqual(promised);
});

/** The commands of which the page shows what they print and which print the same everywhere. */
const commands = [
  ...readme.matchAll(/^\$ (?<command>proctor (?:run|chart) .*)\n(?<output>(?:(?!\$ |```).*\n)+)/gm),
].map(({ groups }) => ({ command: groups?.command ?? "", output: groups?.output ?? "" }));

test("there are commands to run", () => {
  expect(commands.length).toBeGreaterThan(2);
});

test.each(commands)("$command", async ({ command, output }) => {
  const script = `proctor() { "$NODE" src/cli/main.ts "$@" 2>&1; }; ${command}`;
  const { stdout } = await execa("sh", ["-c", script], { cwd: root, env: { NODE: process.execPath } });
  expect(`${stdout}\n`).toBe(output);
});

test("proctor doctor tries what the page shows", async () => {
  const { stdout } = await execa(process.execPath, ["src/cli/main.ts", "doctor"], { cwd: root, reject: false });
  const namesIn = (text: string) =>
    [...text.matchAll(/^(?:ok|note|problem) +(\w+(?: \w+)?) {2}/gm)].map(([, name]) => name);
  const shown = namesIn(readme);
  expect(shown).toContain("loopback");
  expect(namesIn(stdout)).toEqual(shown);
});

test("the blocks have no type errors", { timeout: 60_000 }, async () => {
  const config = { extends: "../../tsconfig.json", include: ["*.ts"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/.bin/tsc");
  const { stdout, exitCode } = await execa(tsc, ["-p", folder], { reject: false });
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
});
