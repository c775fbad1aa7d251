import { setTimeout as sleep } from "node:timers/promises";
import { type Notification, RawConnection, type ReadResult } from "./raw-connection.ts";

/** How a number of the process's event sequence reached us. */
type Way = "live" | "read" | "live again";

/** What a dropped and resumed session looked like from the client's side. */
export interface DropReport {
  readonly sessionId: string;
  readonly resumedSessionId: string;
  /** Every number that arrived, with the way by which it came first. */
  readonly arrived: ReadonlyMap<number, Way>;
  /** The ticks that were printed, in order. */
  readonly ticks: readonly number[];
  readonly awayMs: number;
  /** From the first byte of the new connection to the last missed one. */
  readonly resumeMs: number;
}

const processId = "ticker";
const tickCount = 24;
const ticker = `i=0; while [ $i -lt ${tickCount} ]; do i=$((i+1)); echo $i; sleep 0.1; done`;

/** Starts a process that ticks, loses the connection in the middle, comes back, and asks for what it missed. */
export async function dropAndResume(url: string, tell: (text: string) => void): Promise<DropReport> {
  const arrived = new Map<number, Way>();
  const printed = new Map<number, string>();
  const note = (way: Way, seq: number, chunk: string | undefined) => {
    if (arrived.has(seq)) return; // live and by reading: the number says that it is the same
    arrived.set(seq, way);
    if (chunk !== undefined) printed.set(seq, Buffer.from(chunk, "base64").toString());
  };

  const enough = Promise.withResolvers<void>();
  const first = await RawConnection.open(url, ({ params }: Notification) => {
    note("live", params.seq, params.chunk);
    if (arrived.size === 6) enough.resolve();
  });
  const sessionId = await first.initialize(null);
  tell(`session ${sessionId}`);
  await first.request("process/start", {
    processId,
    argv: ["sh", "-c", ticker],
    cwd: "file:///",
    env: { PATH: process.env.PATH ?? "" },
    tty: false,
  });
  tell(`started a process that prints ${tickCount} numbers, one every 0.1 s`);
  await enough.promise;
  await first.cut();
  const cutAtMs = performance.now();
  const lastSeq = Math.max(...arrived.keys());
  tell(`cut the connection after event ${lastSeq}; the process goes on, and nobody listens`);
  await sleep(1_000);

  const closed = Promise.withResolvers<void>();
  const backAtMs = performance.now();
  const second = await RawConnection.open(url, ({ method, params }: Notification) => {
    note("live again", params.seq, params.chunk);
    if (method === "process/closed") closed.resolve();
  });
  const resumedSessionId = await second.initialize(sessionId);
  const missed = (await second.request("process/read", { processId, afterSeq: lastSeq })) as ReadResult;
  const resumeMs = performance.now() - backAtMs;
  for (const { seq, chunk } of missed.chunks) note("read", seq, chunk);
  tell(`came back after ${Math.round(backAtMs - cutAtMs)} ms: same session, ${missed.chunks.length} events to read`);
  await closed.promise;
  await second.cut();
  // The boundaries of chunks carry no meaning: on a busy machine one of them brings several lines.
  const text = [...printed].sort(([a], [b]) => a - b).map(([, part]) => part);
  const ticks = text.join("").trim().split("\n").map(Number);
  return { sessionId, resumedSessionId, arrived, ticks, awayMs: backAtMs - cutAtMs, resumeMs };
}

/** The numbers of the sequence in order, grouped by how they came: `live 1-6 | read 7-16 | live again 17-26`. */
export function describeNumbers(arrived: DropReport["arrived"]): string {
  const groups: { way: Way; from: number; to: number }[] = [];
  for (const [seq, way] of [...arrived].sort(([a], [b]) => a - b)) {
    const last = groups.at(-1);
    if (last?.way === way && last.to === seq - 1) last.to = seq;
    else groups.push({ way, from: seq, to: seq });
  }
  return groups.map(({ way, from, to }) => `${way} ${from === to ? from : `${from}-${to}`}`).join(" | ");
}
