// A tour through Proctor that takes a few seconds: `npm start`. Everything here is real: real processes, a real executor on
// loopback, real measurements of this run. What does not come out as it should ends the demonstration with an error.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Link, type RemoteProcess, RpcError, serve } from "../src/index.ts";
import { describeNumbers, dropAndResume } from "./drop-and-resume.ts";

const beganAtMs = performance.now();
// Whatever should hang: a demonstration that does not end is a failure too.
setTimeout(() => assert.fail("the demonstration did not end within a minute"), 60_000).unref();
const facts: [name: string, figure: string][] = [];
let processes = 0;

await using server = await serve({ listen: "ws://127.0.0.1:0" });
await using link = await connect(server.url);

heading("An executor, and a client that is connected to it");
say(`executor   ${server.url}`);
say(`client     ${link.state.value}, session ${link.state.sessionId}`);
say(`its shell  ${(await link.environmentInfo()).shell.path}`);

heading("A command, while it runs");
{
  const script = 'for file in a b c d; do echo "building $file"; sleep 0.25; done; echo "1 warning" >&2; exit 3';
  const child = await start(link, ["sh", "-c", script]);
  const startedAtMs = performance.now();
  let runs = true;
  const exited = child.exited.finally(() => {
    runs = false;
  });
  let cameWhileItRan = 0;
  for await (const { stream, bytes } of child.output) {
    if (runs) cameWhileItRan += 1;
    say(`+${((performance.now() - startedAtMs) / 1000).toFixed(2)} s  ${stream}  ${text(bytes)}`);
  }
  const { exitCode } = await exited;
  say(`exit code ${exitCode}: a value, not an error`);
  assert.equal(exitCode, 3);
  assert(cameWhileItRan > 0, "output must come as it is printed, not at the end");
}

heading("A program on a terminal, answered like a person would");
{
  const script = 'tty; stty size; printf "Your name? "; read -r name; echo "Good day, $name."';
  const child = await start(link, ["sh", "-c", script], { tty: true });
  let screen = "";
  for await (const { bytes } of child.output) {
    const asked = screen.includes("name?");
    screen += Buffer.from(bytes).toString();
    if (!asked && screen.includes("name?")) await child.stdin.write("Ada\r");
  }
  for (const line of screen.trimEnd().split(/\r?\n/)) say(line);
  assert.match(screen, /Good day, Ada\./);
}

heading("Interrupting, and ending what does not want to end");
{
  const polite = await start(link, [
    "sh",
    "-c",
    'trap "echo interrupted, tidying up; exit 9" INT; echo working; while :; do sleep 0.05; done',
  ]);
  for await (const { bytes } of polite.output) {
    say(`polite    ${text(bytes)}`);
    if (text(bytes) === "working") await polite.interrupt();
  }
  const { exitCode } = await polite.exited;
  say(`polite    exit code ${exitCode}`);
  assert.equal(exitCode, 9);

  const stubborn = await start(link, [
    "sh",
    "-c",
    'trap "" INT TERM; echo not listening; while :; do sleep 0.05; done',
  ]);
  const { value } = await stubborn.output.next();
  say(`stubborn  ${text(value.bytes)}`);
  await stubborn.interrupt();
  const orderedAtMs = performance.now();
  await stubborn.terminate();
  const killed = await stubborn.exited;
  const killMs = performance.now() - orderedAtMs;
  say(`stubborn  exit code ${killed.exitCode}, killed with its whole group`);
  assert.equal(killed.exitCode, 137);
  facts.push(["from the order to terminate to the exit", `${killMs.toFixed(1)} ms`]);
}

heading("Files on the executor's side");
{
  const folder = await mkdtemp(join(tmpdir(), "proctor-demo-"));
  const bytes = randomBytes(4 * 1024 * 1024);
  const path = join(folder, "original");
  const { files } = link;
  await files.writeFile(path, bytes);
  await files.copy(path, join(folder, "copy"));
  const back = await files.readFile(join(folder, "copy"));
  say(`wrote ${bytes.length} bytes   sha256 ${digest(bytes)}`);
  say(`read its copy back    sha256 ${digest(back)}`);
  assert.equal(digest(back), digest(bytes));
  say(
    `the folder lists ${(await files.list(folder))
      .map(({ name }) => name)
      .sort()
      .join(", ")}`,
  );
  const error = await files.readFile(join(folder, "missing")).catch((thrown: unknown) => thrown);
  assert(error instanceof RpcError && error.code === "notFound");
  say(`a file that is not there: ${error.name} ${error.code}, "${error.message}"`);
  await rm(folder, { recursive: true });
}

heading("A connection drops; the session and its process do not (raw protocol, JSON over a websocket)");
{
  processes += 1;
  const { sessionId, resumedSessionId, arrived, ticks, awayMs, resumeMs } = await dropAndResume(server.url, say);
  say(`events     ${describeNumbers(arrived)}`);
  say(`printed    ${ticks.join(" ")}`);
  assert.equal(resumedSessionId, sessionId);
  const numbers = [...arrived.keys()].sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from(numbers, (_, index) => index + 1),
  );
  assert.deepEqual(
    ticks,
    Array.from({ length: 24 }, (_, index) => index + 1),
  );
  say(`all ${numbers.length} events from 1 to ${numbers.length} are there, without a gap`);
  facts.push(["away without a connection", `${awayMs.toFixed(0)} ms`]);
  facts.push(["from dialing again to the last missed byte", `${resumeMs.toFixed(1)} ms`]);
}

heading("How fast");
{
  const size = 32 * 1024 * 1024;
  const bulk = await start(link, ["head", "-c", String(size), "/dev/zero"]);
  const startedAtMs = performance.now();
  let received = 0;
  for await (const { bytes } of bulk.output) received += bytes.length;
  const seconds = (performance.now() - startedAtMs) / 1000;
  assert.equal(received, size);
  say(`${received} bytes came through a pipe, the executor and a websocket in ${seconds.toFixed(2)} s`);
  facts.push(["output through one connection", `${(size / 1e6 / seconds).toFixed(0)} MB/s`]);

  const durations: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const startMs = performance.now();
    processes += 1;
    const child = await link.start(["true"]);
    await child.closed;
    durations.push(performance.now() - startMs);
  }
  const median = durations.sort((a, b) => a - b)[10] ?? Number.NaN;
  say("20 processes, one after the other, each from the start to its last event");
  facts.push(["start to close of `true`, median of 20", `${median.toFixed(2)} ms`]);
}

heading("This run in figures");
facts.unshift(["processes started", String(processes)]);
facts.push(["the whole demonstration", `${((performance.now() - beganAtMs) / 1000).toFixed(1)} s`]);
for (const [name, figure] of facts) say(`${name.padEnd(44)} ${figure.padStart(10)}`);

async function start(
  on: Link,
  argv: readonly string[],
  options: { readonly tty?: boolean } = {},
): Promise<RemoteProcess> {
  processes += 1;
  const words = argv.map((word) => (/^[\w/.-]+$/.test(word) ? word : `'${word}'`));
  say(`$ ${words.join(" ")}${options.tty ? "   (on a terminal)" : ""}`);
  return on.start(argv, options);
}

function heading(title: string): void {
  console.log(`\n${title}\n${"-".repeat(title.length)}`);
}

function say(line: string): void {
  console.log(`  ${line}`);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString().trimEnd();
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}
