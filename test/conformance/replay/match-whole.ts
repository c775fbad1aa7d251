import { WebSocketPeer } from "../peer/websocket-peer.ts";
import { differences, show } from "./match-answer.ts";
import { bytesByStream, type Chunk, type ProcessRecord } from "./process-record.ts";
import type { ReplayConnection } from "./replay-connection.ts";
import type { Tolerances } from "./tolerances.ts";

/**
 * Compares the whole life of a process: numbering, exit code, close, and every byte of every stream. It may be allowed
 * to have printed nothing, or the lines of its stdout in another order; or it must have printed something else.
 */
export function lifeDifferences(
  recorded: ProcessRecord,
  seen: ProcessRecord,
  tolerances: Tolerances,
  allowed: { readonly silence: boolean; readonly anyLineOrder: boolean; readonly output: string | undefined },
): string[] {
  const { processId } = recorded;
  const wrong = seen.numberingFaults();
  const [wasClosed, isClosed] = [recorded, seen].map(({ closedSeq }) => closedSeq !== undefined);
  if (wasClosed !== isClosed) wrong.push(`closed is ${isClosed}, recorded ${wasClosed}`);
  if (recorded.exit) {
    const codes = tolerances.exitCodes(processId, recorded.exit.code);
    if (!seen.exit || !codes.includes(seen.exit.code)) wrong.push(`exit code is ${seen.exit?.code}, not ${codes}`);
  }
  const isSilent = allowed.silence && seen.byteCount === 0;
  if (allowed.output !== undefined) {
    const printed = Buffer.concat([...seen.chunks.values()].map(({ bytes }) => bytes)).toString();
    wrong.push(...differences(allowed.output, printed, "output"));
  } else if (!tolerances.anyBytes(processId) && !isSilent) {
    const output = (record: ProcessRecord) =>
      bytesByStream(allowed.anyLineOrder ? sortedLines(record) : [...record.chunks.values()]);
    const [before, now] = [recorded, seen].map(output);
    if (before !== now) wrong.push(`wrote ${show(now)}, recorded ${show(before)}`);
  }
  return wrong.map((fault) => `process ${processId}: ${fault}`);
}

/** All output as one chunk with its lines sorted. */
function sortedLines({ chunks }: ProcessRecord): Chunk[] {
  const text = Buffer.concat([...chunks.values()].map(({ bytes }) => bytes)).toString();
  return [{ seq: 1, stream: "stdout", bytes: Buffer.from(text.split("\n").sort().join("\n")) }];
}

/** What is wrong with a connection as a whole, given the order in which its answers were recorded. */
export function connectionDifferences(
  connection: ReplayConnection,
  expected: readonly string[],
  tolerances: Tolerances,
): string[] {
  const { answered, peer } = connection;
  const wrong = [...connection.faults];
  for (const body of connection.unclaimed()) wrong.push(`an answer beyond the recording: ${show(body)}`);
  if (!tolerances.responseOrder && answered.join() !== expected.join()) {
    wrong.push(`answers came in the order ${answered.join()}, recorded ${expected.join()}`);
  }
  if (peer instanceof WebSocketPeer) {
    wrong.push(...peer.faults.map((fault) => `the server sent ${fault}`));
    const pongs = peer.controls.filter(({ kind }) => kind === "pong");
    wrong.push(...pongs.map(({ payload }) => `a pong beyond the recording: ${show(payload)}`));
  }
  return wrong.map((fault) => `connection ${connection.name}: ${fault}`);
}
