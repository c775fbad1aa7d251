import { once } from "node:events";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { codexHome } from "../../../scripts/codex.ts";
import {
  type EnvironmentSource,
  EnvironmentStartError,
  EnvironmentUnavailableError,
  LinkFailedError,
  openEnvironments,
  type Services,
} from "../../../src/index.ts";
import { isAlive } from "../../cli/command.ts";
import { startServer } from "../../conformance/peer/server.ts";
import { FaultProxy } from "../../fault-proxy.ts";
import { verifies } from "../../rules/verifies.ts";
import { withReference } from "../suite/reference.ts";

const main = join(import.meta.dirname, "../../../src/cli/main.ts");

let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "proctor-places-")));
});

afterAll(() => rm(folder, { recursive: true }));

/** A program that speaks the protocol, and adds a line with its process id and group to a file whenever it is started. */
function counted(file: string, command: readonly string[], env: Record<string, string> = {}): EnvironmentSource {
  return {
    program: " /bin/sh ",
    args: ["-c", 'echo $$ $(ps -o pgid= -p $$) "$MARK" "$PWD" "$INHERITED" >> "$0"; exec "$@"', file, ...command],
    env: { MARK: "laid over", ...env },
    cwd: folder,
  };
}

const ourCommand = [process.execPath, main, "serve", "--listen", "stdio"];
const startsIn = async (file: string) =>
  (await readFile(file, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

/** What an orchestrator does that does not know where. */
async function work(place: Services, file: string, url: string) {
  const { shell, cwd } = await place.environmentInfo();
  const process = await place.start([shell.path, "-c", "cat; echo done; exit 7"], { stdin: true });
  await process.stdin.write("from the orchestrator, ");
  await process.stdin.end();
  await place.files.writeFile(file, "content");
  const { size } = await place.files.stat(file);
  const response = await place.fetch(url);
  return {
    shell: shell.name,
    // Where the executor was started, which is not the same for all (07 E-38).
    isCwdDirectory: (await place.files.stat(cwd ?? "")).isDirectory,
    text: await process.text(),
    exitCode: (await process.exited).exitCode,
    content: await place.files.readTextFile(file),
    streamed: await new Response(place.files.createReadStream(file)).text(),
    size,
    listed: (await place.files.list(folder)).some(({ name, isFile }) => isFile && file.endsWith(`/${name}`)),
    page: await response.text(),
  };
}

it("an orchestrator's program does the same wherever it runs (07 E-1)", async () => {
  verifies("07 E-1", "07 E-38");
  await using ours = await startServer("proctor");
  const http = createServer((_, response) => response.end("a page")).listen(0, "127.0.0.1");
  await once(http, "listening");
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  await using environments = await openEnvironments({
    environments: [
      { id: "at-url", url: ours.url },
      { id: "by-provider", provider: () => ({ url: ours.url }) },
      { id: "over-stdio", program: process.execPath, args: ourCommand.slice(1) },
    ],
  });
  const results = await Promise.all(
    environments.ids.map((id) => work(environments.require(id), join(folder, `work-${id}`), url)),
  );
  http.close();
  expect(environments.ids).toEqual(["local", "at-url", "by-provider", "over-stdio"]);
  for (const result of results) expect(result).toEqual(results[0]);
  expect(results[0]).toMatchObject({
    text: "from the orchestrator, done\n",
    exitCode: 7,
    content: "content",
    streamed: "content",
    size: 7,
    listed: true,
    isCwdDirectory: true,
    page: "a page",
  });
  expect(environments.ids.map((id) => environments.require(id).isRemote)).toEqual([false, true, true, true]);
});

it("a program is started by the first use, once, in a group of its own, with what is laid over our environment (07 E-12, E-19, E-28, E-29)", async () => {
  verifies("03 T-13", "03 I-30", "07 E-12", "07 E-19", "07 E-28", "07 E-29", "07 E-30");
  process.env.INHERITED = "inherited";
  const file = join(folder, "starts");
  const environments = await openEnvironments({ environments: [{ id: "p", ...counted(file, ourCommand) }] });
  const p = environments.require("p");
  expect([await startsIn(file), p.state.value, p.location]).toEqual([[], "Idle", "/bin/sh"]);
  await Promise.all(Array.from({ length: 10 }, () => p.ready()));
  const [line = "", ...more] = await startsIn(file);
  const [pid = "", group] = line.split(/\s+/);
  expect(more).toEqual([]);
  expect(group).toBe(pid);
  expect(line).toContain(` laid over ${folder} inherited`);

  // It ends: what is there is dead, and nothing starts it again by itself.
  const process_ = await p.start(["sleep", "600"]);
  process.kill(Number(pid), "SIGKILL");
  await expect(process_.exited).rejects.toBeInstanceOf(LinkFailedError);
  await expect.poll(() => p.state.phase).toBe("Dead");
  const error = await p.environmentInfo().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EnvironmentUnavailableError);
  expect((error as Error).message).toMatch(/^environment `p` is disconnected: /);
  expect(await startsIn(file)).toHaveLength(1);

  // Unless it is asked to.
  await p.restart();
  expect(await (await p.start(["echo", "again"])).text()).toBe("again\n");
  const [, second = ""] = await startsIn(file);
  await environments.close();
  expect(isAlive(Number.parseInt(second, 10))).toBe(false);
  delete process.env.INHERITED;
});

it("a program that is missing, or that does not speak the protocol, fails for good (03 T-13, 07 E-21, E-29)", async () => {
  verifies("03 T-13", "07 E-21", "07 E-29");
  const file = join(folder, "wrong-starts");
  await using environments = await openEnvironments({
    environments: [
      { id: "missing", program: "/no/such/program" },
      { id: "mute", ...counted(file, ["true"]) },
      { id: "chatty", ...counted(file, ["echo", "hello"]) },
    ],
  });
  const outcome = (id: string) =>
    environments
      .require(id)
      .ready()
      .catch((reason: unknown) => reason);
  const errors = await Promise.all(["missing", "mute", "chatty"].map(outcome));
  for (const error of errors) expect(error).toBeInstanceOf(EnvironmentStartError);
  expect((errors[0] as Error).message).toMatch(
    /`missing`: connection attempt failed: cannot start \/no\/such\/program: .*ENOENT/,
  );
  expect(await Promise.all(["missing", "mute", "chatty"].map(outcome))).toEqual(errors);
  expect(await startsIn(file)).toHaveLength(2);
  await writeFile(file, "");
});

/** A drop of the connection, and an executor that is gone and comes back without its sessions. */
async function dropped(kind: "proctor" | "reference"): Promise<void> {
  await using server = await startServer(kind);
  await using proxy = await FaultProxy.before(server.url);
  await using environments = await openEnvironments(
    { environments: [{ id: "remote", url: proxy.url }], default: "remote" },
    { recoveryDeadlineMs: 3_000 },
  );
  const remote = environments.require("remote");
  const phases: (string | null)[] = [];
  remote.state$.subscribe(({ phase }) => phases.push(phase));
  const child = await remote.start(["sh", "-c", "echo before; read line; echo $line; exit 3"], { stdin: true });
  const text = child.text();
  proxy.cut();
  await expect.poll(() => phases).toContain("Recovering");
  await child.stdin.write("after\n");
  expect(await text).toBe("before\nafter\n");
  expect((await child.exited).exitCode).toBe(3);
  expect(remote.state.phase).toBe("Connected");

  // A session that cannot be resumed in time is lost; the environment is not.
  const lost = await remote.start(["sleep", "600"]);
  proxy.refuse(true);
  proxy.cut();
  await expect(lost.exited).rejects.toBeInstanceOf(LinkFailedError);
  await expect.poll(() => remote.state.phase).toBe("Lost");
  await expect(remote.ready()).rejects.toBeInstanceOf(EnvironmentStartError);
  proxy.refuse(false);
  expect(await (await remote.start(["echo", "a fresh session"])).text()).toBe("a fresh session\n");
  expect(phases.filter((phase) => phase !== null)).toEqual([
    "Connected",
    "Recovering",
    "Connected",
    "Recovering",
    "Lost",
    "Reopening",
    "Lost",
    "Reopening",
    "Connected",
  ]);
}

it("a drop is a pause, and a lost session is followed by a fresh one, on Proctor (07 E-24, E-26)", async () => {
  verifies("07 E-24", "07 E-26");
  await dropped("proctor");
});

await withReference((codex) => {
  it("a drop is a pause, and a lost session is followed by a fresh one, on Codex (07 E-24, E-26)", async () => {
    verifies("07 E-24", "07 E-26");
    await dropped("reference");
  });

  it("the program of Codex is started once too, and leaves nothing behind (07 E-28, E-30)", async () => {
    verifies("07 E-28", "07 E-30");
    const home = await codexHome();
    const file = join(folder, "codex-starts");
    const source = counted(file, [codex, "exec-server", "--listen", "stdio"], { HOME: home, CODEX_HOME: home });
    const environments = await openEnvironments({ environments: [{ id: "codex", ...source }] });
    const place = environments.require("codex");
    expect(await (await place.start(["echo", "hello"])).text()).toBe("hello\n");
    const [first = ""] = await startsIn(file);
    const pid = Number.parseInt(first, 10);
    process.kill(pid, "SIGKILL");
    await expect.poll(() => place.state.phase).toBe("Dead");
    await expect(place.start(["true"])).rejects.toBeInstanceOf(EnvironmentUnavailableError);
    expect(await startsIn(file)).toHaveLength(1);
    await environments.close();
    expect(isAlive(pid)).toBe(false);
    await rm(home, { recursive: true });
  });
});
