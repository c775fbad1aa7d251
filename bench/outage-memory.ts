/**
 * What an outage costs an executor in memory: a child prints so many megabytes while its client is away for 5 s, then all of
 * them are read again. Tells by how much the executor's peak has grown over what it had before, while the client was away and
 * by the end, and how fast the client had everything. Linux only. Run: `node bench/outage-memory.ts [MB ...]`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect, type Transport } from "../src/index.ts";
import { systemClock } from "../src/ports/clock.ts";
import { dialWebSocket } from "../src/transports/dial-websocket.ts";

const awayMs = 5_000;
const megabyte = 1_000_000;
const sizes = process.argv.slice(2).map(Number);
const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

/** A value from the status of a process, in bytes. */
function status({ pid }: ChildProcess, name: "VmRSS" | "VmHWM"): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * 1024;
}

/** A path to an executor that can be taken away. */
class Path {
  isDown = false;
  #transport: Transport | null = null;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  readonly dial = async (signal: AbortSignal): Promise<Transport> => {
    if (this.isDown) throw new Error("nobody can be reached");
    this.#transport = await dialWebSocket(this.#url, { clock: systemClock, signal });
    return this.#transport;
  };

  takeAway(): void {
    this.isDown = true;
    this.#transport?.destroy();
  }
}

async function outage(server: ChildProcess, url: string, bytes: number): Promise<string> {
  const path = new Path(url);
  await using link = await connect({ dial: path.dial });
  const script = `read go; seq 1 99999999 | head -c ${bytes}`;
  const printer = await link.start(["sh", "-c", script], { stdin: true });
  let received = 0;
  const reading = (async () => {
    for await (const { bytes: piece } of printer.output) received += piece.length;
  })();
  const before = status(server, "VmRSS");
  writeFileSync(`/proc/${server.pid}/clear_refs`, "5"); // the peak is counted anew
  await printer.stdin.write("go\n");
  path.takeAway();
  await delay(awayMs);
  const away = status(server, "VmHWM") - before;
  const start = performance.now();
  path.isDown = false;
  await reading;
  const ms = performance.now() - start;
  if (received !== bytes) throw new Error(`${received} bytes arrived of ${bytes}`);
  const whole = status(server, "VmHWM") - before;
  const mb = (count: number) => `${(count / megabyte).toFixed(0)} MB`.padStart(8);
  return `${mb(bytes)} printed: ${mb(away)} while away, ${mb(whole)} with the catch-up, which took ${ms.toFixed(0)} ms`;
}

const server = spawn(process.execPath, [main, "serve", "--listen", "ws://127.0.0.1:0"], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const [line] = await once(server.stdout, "data");
  for (const size of sizes.length > 0 ? sizes : [50, 200, 200]) {
    console.log(await outage(server, String(line).trim(), size * megabyte));
  }
} finally {
  server.kill();
}
