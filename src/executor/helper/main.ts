import { writeSync, writevSync } from "node:fs";
import { Socket } from "node:net";
import { type HelperCall, longestHelperBody } from "../../protocol/file-helper/calls.ts";
import { callParts, FrameReader, frameHead, frameKinds, jsonFrame } from "../../protocol/file-helper/frames.ts";
import { FileCalls } from "./file-calls.ts";

/**
 * The program of a file helper: it runs inside a sandbox and does what it is told on its stdin, with the very code that serves files
 * without one. It loads nothing but that code, so that it is up quickly. It ends with its input.
 */

const input = 0;
const output = 1;

const calls = new FileCalls({
  expect: (call, bytes) => send(jsonFrame(frameKinds.expect, call, bytes)),
  piece: (call, bytes) => sendPiece(frameHead(frameKinds.piece, call, bytes.length), bytes),
  done: (call, result) => send(jsonFrame(frameKinds.done, call, result)),
  failed: (call, failure) => send(jsonFrame(frameKinds.failed, call, failure)),
});
const reader = new FrameReader(longestHelperBody, {
  frame: (_kind, call, body) => {
    const { value, content } = callParts(body);
    calls.run(call, value as HelperCall, content); // from the executor, which wrote it by this very type
  },
  piece: () => undefined,
});

new Socket({ fd: input, readable: true, writable: false })
  .on("data", (bytes: Buffer) => reader.push(bytes))
  .on("close", () => process.exit(0));
send(frameHead(frameKinds.ready, 0, 0));

// Writing waits while the executor is busy: its pace is the pace of this process, and nothing queues up here.

function send(bytes: Uint8Array): void {
  for (let sent = 0; sent < bytes.length; ) sent += writeSync(output, bytes, sent);
}

function sendPiece(head: Uint8Array, bytes: Uint8Array): void {
  const sent = writevSync(output, [head, bytes]);
  if (sent < head.length) send(head.subarray(sent));
  send(bytes.subarray(Math.max(0, sent - head.length)));
}
