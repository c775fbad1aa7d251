import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EnvironmentConfigError, type EnvironmentSnapshot, environmentsFromFile } from "../../../src/index.ts";
import { redactUrl } from "../../../src/transports/redact-url.ts";
import { verifies } from "../../rules/verifies.ts";
import { recordedCases } from "./recorded.ts";

interface TomlCase {
  readonly case: string;
  readonly environmentsToml: string;
  readonly started: boolean;
  readonly stderr: string;
}

const cases = await recordedCases<TomlCase>("toml-cases");
const prefix = "Error: exec-server protocol error: ";

/** What we say otherwise on purpose: a value that may be secret is not repeated, and a syntax error is told in our parser's words. */
const otherwise: Readonly<Record<string, string>> = {
  "env non-string": "invalid type: integer, expected a string",
  syntax: "Expected equal (=) token",
};

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proctor-toml-"));
  file = join(folder, "environments.toml");
});

afterAll(() => rm(folder, { recursive: true }));

async function read(toml: string): Promise<EnvironmentSnapshot | EnvironmentConfigError> {
  await writeFile(file, toml);
  return environmentsFromFile(file)().catch((error: unknown) => {
    if (error instanceof EnvironmentConfigError) return error;
    throw error;
  });
}

it("has the whole recording", () => {
  expect(cases).toHaveLength(46);
  expect(cases.filter(({ started }) => started)).toHaveLength(10);
});

it.each(cases)("$case", async ({ case: name, environmentsToml, started, stderr }) => {
  verifies("07 E-9", "07 E-10", "07 E-11");
  const result = await read(environmentsToml);
  if (started) return expect(result).not.toBeInstanceOf(EnvironmentConfigError);

  expect(result).toBeInstanceOf(EnvironmentConfigError);
  const [first] = (result as EnvironmentConfigError).issues;
  const text = stderr
    .slice(prefix.length)
    .replaceAll("$HOME/environments.toml", file)
    .replace(/environment url `([^`]*)`/, (_, url: string) => `environment url \`${redactUrl(url)}\``);
  // Behind the first line comes the source, which we do not quote, and then what is wrong.
  const [beginning = "", ...rest] = text.split("\n");
  expect(first?.message.startsWith(beginning), `${first?.message} begins with ${beginning}`).toBe(true);
  expect(first?.message).toContain(otherwise[name] ?? rest.at(-1) ?? "");
  // And it says where: in the file, of which key.
  expect((result as EnvironmentConfigError).message).toContain(file);
  expect(first?.line).toBeGreaterThan(0);
  if (name !== "syntax")
    expect(first?.path).toMatch(/^(default|include_local|unknown|environments\[\d\]|environments$)/);
});
