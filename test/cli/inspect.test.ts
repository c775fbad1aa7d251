import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { letIn, Viewer } from "../inspector/viewer.ts";
import { printed, proctor, type RunningCommand } from "./command.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proctor-inspect-"));
});

afterAll(() => rm(folder, { recursive: true }));

const inspectorUrl = /proctor: inspector at (http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43})\n/g;

/** The newest URL of an inspector on stderr, once there are so many. */
async function inspectorAt(command: RunningCommand, count = 1): Promise<string> {
  const all = new RegExp(`(?:${inspectorUrl.source}[^]*){${count}}`);
  return (await printed(command.stderr, all)).matchAll(inspectorUrl).toArray().at(-1)?.[1] ?? "";
}

test("serve --inspect says on stderr where the page is, and on SIGUSR2 how one more browser gets in", async () => {
  await using server = proctor(["serve", "--inspect"]);
  const first = inspectorAt(server);
  const second = inspectorAt(server, 2);
  const url = (await printed(server.stdout, /\n/)).trimEnd();
  await using viewer = new Viewer(await letIn(await first));
  await viewer.seen("keyframe");
  expect(viewer.hello).toMatchObject({ control: false, header: { title: `executor ${url}` } });
  await using run = proctor(["run", "--url", url, "--", "echo", "hi"]);
  expect(await run).toMatchObject({ stdout: "hi\n", exitCode: 0 });
  await viewer.seen("event", ({ event }) => event.type === "child.exited");
  server.kill("SIGUSR2");
  await letIn(await second);
  await expect(letIn(await first)).rejects.toThrow("401");
  server.kill("SIGTERM");
  expect(await server).toMatchObject({ stdout: `${url}\n`, exitCode: 0 });
});

test("serve --inspect-control lets the page act, and takes a port", async () => {
  await using server = proctor(["serve", "--inspect-control", "--inspect=0"]);
  await using viewer = new Viewer(await letIn(await inspectorAt(server)));
  await viewer.seen("keyframe");
  expect(viewer.hello?.control).toBe(true);
  const port = new URL(viewer.socket.url).port;
  const taken = await proctor(["serve", "--inspect", port]);
  expect(taken).toMatchObject({ stdout: "", exitCode: 1 });
  expect(taken.stderr).toBe(
    `Error: the inspector cannot listen on port ${port} of 127.0.0.1: Address in use (os error 98)\n`,
  );
  expect(await proctor(["serve", "--inspect=x"])).toMatchObject({ exitCode: 2 });
});

test("run --record writes what happened, and inspect opens it", async () => {
  const file = join(folder, "run.jsonl");
  expect(await proctor(["run", "--record", file, "--", "sh", "-c", "exit 3"])).toMatchObject({
    stderr: "",
    exitCode: 3,
  });
  const lines = (await readFile(file, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ kind: "header", title: "environments" });
  expect(lines.some(({ event }) => event?.type === "child.exited" && event.exitCode === 3)).toBe(true);

  await using inspecting = proctor(["inspect", file]);
  const { origin, cookie } = await letIn(await inspectorAt(inspecting));
  const answer = await fetch(`${origin}/recording.jsonl`, { headers: { cookie } });
  expect(await answer.text()).toBe(await readFile(file, "utf8"));
  inspecting.kill("SIGTERM");
  expect(await inspecting).toMatchObject({ stdout: "", exitCode: 0 });
});

test("inspect refuses what is no recording", async () => {
  expect(await proctor(["inspect", "/dev/null"])).toMatchObject({
    stdout: "",
    stderr: "proctor: /dev/null is not a recording of Proctor: its first line is no header of version 1\n",
    exitCode: 1,
  });
  expect((await proctor(["inspect"])).exitCode).toBe(2);
});
