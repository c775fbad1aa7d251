import { base64Length, encodeBase64 } from "./base64.ts";
import type { MessageMemory } from "./encoded-answer.ts";
import type { OutputStream, ResourceUsage } from "./process.ts";

/**
 * The JSON text of a process id, computed once per process and put into every frame of its output. Escaped to ASCII, so
 * that a whole frame is one byte per character.
 */
export function encodeProcessId(processId: string): string {
  return JSON.stringify(processId).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * A `process/output` notification. The hottest message of all: the fixed text around the base64 is put together by hand,
 * since `JSON.stringify` walks every character of the chunk once more. A property test holds it equal to the schema's own
 * encoding.
 */
export function encodeOutput(processIdJson: string, seq: number, stream: OutputStream, bytes: Uint8Array): string {
  return `${outputHead(processIdJson, seq, stream)}${encodeBase64(bytes)}${outputTail}`;
}

/**
 * The same notification as bytes, in memory that is there already. As one text it is copied twice more on its way into the
 * kernel, and fills the heap: eleven chunks of 64 KiB make a megabyte of it. Here the text exists in pieces that fit the
 * processor's cache.
 */
export function encodeOutputBytes(
  processIdJson: string,
  seq: number,
  stream: OutputStream,
  bytes: Uint8Array,
  memory: MessageMemory,
): { readonly buffer: Buffer; readonly message: Uint8Array } {
  const head = outputHead(processIdJson, seq, stream);
  const buffer = memory.take(head.length + base64Length(bytes.length) + outputTail.length);
  let length = buffer.write(head, "latin1");
  for (let at = 0; at < bytes.length; at += stepBytes) {
    length += buffer.write(encodeBase64(bytes.subarray(at, at + stepBytes)), length, "latin1");
  }
  length += buffer.write(outputTail, length, "latin1");
  return { buffer, message: buffer.subarray(0, length) };
}

/** So much becomes base64 at once, in bytes; a multiple of 3. */
const stepBytes = 12 * 1024;

const outputHead = (processIdJson: string, seq: number, stream: OutputStream) =>
  `{"method":"process/output","params":{"processId":${processIdJson},"seq":${seq},"stream":"${stream}","chunk":"`;
const outputTail = '"}}';

/** What an exit says. */
export interface ExitTold {
  readonly exitCode: number;
  readonly timedOut: boolean;
  readonly usage: ResourceUsage | null;
  readonly sandboxDenied?: boolean | undefined;
  readonly failure?: string | undefined;
}

/** A `process/exited` notification. Of a time limit that was not reached, or of use that is not known, it says nothing. */
export function encodeExited(processIdJson: string, seq: number, exit: ExitTold): string {
  const { exitCode, timedOut, usage, sandboxDenied = false, failure } = exit;
  const more = [
    timedOut ? ',"timedOut":true' : "",
    usage === null ? "" : `,"usage":${JSON.stringify(usage)}`,
    sandboxDenied ? ',"sandboxDenied":true' : "",
    failure === undefined ? "" : `,"failure":${JSON.stringify(failure)}`,
  ].join("");
  return `{"method":"process/exited","params":{"processId":${processIdJson},"seq":${seq},"exitCode":${exitCode}${more}}}`;
}

/** A `process/closed` notification. */
export function encodeClosed(processIdJson: string, seq: number): string {
  return `{"method":"process/closed","params":{"processId":${processIdJson},"seq":${seq}}}`;
}
