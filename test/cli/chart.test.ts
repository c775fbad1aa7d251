import { expect, test } from "vitest";
import { type MachineName, machines, toJson, toMermaid } from "../../src/machines/index.ts";
import { proctor } from "./command.ts";

const names = Object.keys(machines) as MachineName[];

test("a machine is printed as Mermaid", async () => {
  const result = await proctor(["chart", "process"]);
  expect(result).toMatchObject({ stdout: toMermaid(machines.process), stderr: "", exitCode: 0 });
});

test("a machine is printed as JSON", async () => {
  const { stdout, exitCode } = await proctor(["chart", "link", "--format", "json"]);
  expect(JSON.parse(stdout)).toEqual(toJson(machines.link));
  expect(exitCode).toBe(0);
});

test("all of them make a Markdown page", async () => {
  const { stdout } = await proctor(["chart"]);
  for (const name of names)
    expect(stdout).toContain(`## ${name}\n\n\`\`\`mermaid\n${toMermaid(machines[name])}\`\`\`\n`);
});

test("all of them make one JSON object", async () => {
  const { stdout } = await proctor(["chart", "--format=json"]);
  expect(Object.keys(JSON.parse(stdout))).toEqual(names);
});

test.each([
  { args: ["nonsense"], text: `no machine is called \`nonsense\`; there are ${names.join(", ")}` },
  { args: ["link", "process"], text: "one machine at a time, or none for all of them" },
  { args: ["link", "--format", "svg"], text: "--format is mermaid or json, not `svg`" },
])("$text", async ({ args, text }) => {
  const { stdout, stderr, exitCode } = await proctor(["chart", ...args]);
  expect(stderr).toContain(`proctor: ${text}\n\nUsage: proctor chart`);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
});
