import { encodeBase64 } from "./base64.ts";
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
  return `{"method":"process/output","params":{"processId":${processIdJson},"seq":${seq},"stream":"${stream}","chunk":"${encodeBase64(bytes)}"}}`;
}

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
