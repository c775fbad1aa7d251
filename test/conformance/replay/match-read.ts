import { isObject, type Json, type JsonObject } from "../peer/message.ts";
import { differences, show } from "./match-answer.ts";
import { bytesByStream, type Chunk, type ProcessRecord, readChunk } from "./process-record.ts";
import type { Tolerances } from "./tolerances.ts";

/** A `process/read` answer, recorded and seen, with the process it speaks of. */
export interface ReadAnswers {
  readonly id: string;
  readonly params: Json;
  readonly recorded: JsonObject;
  readonly seen: JsonObject;
  readonly life: { readonly recorded: ProcessRecord; readonly seen: ProcessRecord };
}

/** The chunks of a read's result. */
export function chunksOf(result: JsonObject): Chunk[] {
  if (!Array.isArray(result.chunks)) throw new Error(`no chunks: ${show(result)}`);
  return result.chunks.map(readChunk);
}

/** Compares everything about a read but `nextSeq`, which has to wait for the whole life of the process. */
export function readDifferences(answers: ReadAnswers, tolerances: Tolerances): string[] {
  const { id, recorded, seen, life } = answers;
  const { chunks: _, nextSeq: __, exited, exitCode, closed, ...rest } = recorded;
  const wrong = differences(rest, seen);
  if (!Number.isSafeInteger(seen.nextSeq)) wrong.push(`nextSeq is ${show(seen.nextSeq)}`);
  if (tolerances.anyState(id)) return wrong;
  const { processId } = life.recorded;
  if (!tolerances.anyBytes(processId)) {
    const [before, now] = [bytesByStream(chunksOf(recorded)), bytesByStream(chunksOf(seen))];
    if (before !== now) wrong.push(`the chunks hold ${show(now)}, recorded ${show(before)}`);
  }
  wrong.push(...differences({ exited: exited ?? null, closed: closed ?? null }, seen));
  if (typeof exitCode === "number") {
    const codes = tolerances.exitCodes(processId, exitCode);
    if (!codes.includes(Number(seen.exitCode ?? Number.NaN)))
      wrong.push(`exitCode is ${show(seen.exitCode)}, not ${codes}`);
  } else wrong.push(...differences(exitCode ?? null, seen.exitCode, "exitCode"));
  return wrong;
}

/**
 * Compares `nextSeq`, once everything is known about the process. Where the process was cut into chunks as in the
 * recording, the number must be the recorded one; otherwise it must agree with the server's own numbers (02 P-35).
 */
export function nextSeqDifferences(answers: ReadAnswers, tolerances: Tolerances): string[] {
  const { id, recorded, seen, life } = answers;
  if (recorded.nextSeq === seen.nextSeq) return [];
  const { processId } = life.recorded;
  const mayDiffer =
    tolerances.anyState(id) ||
    tolerances.seqShift ||
    tolerances.anyBytes(processId) ||
    life.recorded.layout() !== life.seen.layout();
  if (!mayDiffer) return [`nextSeq is ${show(seen.nextSeq)}, recorded ${show(recorded.nextSeq)}`];
  const fault = inconsistency(answers);
  return fault ? [fault] : [];
}

function inconsistency({ params, seen, life }: ReadAnswers): string | undefined {
  const nextSeq = Number(seen.nextSeq);
  const lastChunk = chunksOf(seen).at(-1)?.seq;
  const limited = isObject(params) && params.maxBytes !== undefined && params.maxBytes !== null;
  if (limited && lastChunk !== undefined) {
    return nextSeq === lastChunk + 1 ? undefined : `nextSeq is ${nextSeq} after chunk ${lastChunk}`;
  }
  const { closedSeq, exit } = life.seen;
  if (seen.closed === true) {
    return nextSeq === (closedSeq ?? 0) + 1 ? undefined : `nextSeq is ${nextSeq}, but the close was ${closedSeq}`;
  }
  const known = Math.max(lastChunk ?? 0, seen.exited === true ? (exit?.seq ?? 0) : 0);
  if (nextSeq <= known) return `nextSeq is ${nextSeq}, but ${known} was assigned`;
  if (closedSeq !== undefined && nextSeq > closedSeq) return `nextSeq is ${nextSeq} before the close ${closedSeq}`;
  return undefined;
}
