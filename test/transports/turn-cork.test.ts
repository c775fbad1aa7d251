import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { TurnCork } from "../../src/transports/turn-cork.ts";
import { verifies } from "../rules/verifies.ts";

/** A stream that notes what each call of the system would get. */
function recordingStream(): { stream: Writable; writes: string[] } {
  const writes: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk.toString());
      done();
    },
    writev(chunks, done) {
      writes.push(chunks.map(({ chunk }) => chunk.toString()).join("+"));
      done();
    },
  });
  return { stream, writes };
}

test("what is written in one turn leaves in one write, answers of promise callbacks included", async () => {
  verifies("01 B-3");
  const { stream, writes } = recordingStream();
  const cork = new TurnCork(stream);
  const write = (text: string) => {
    cork.cork();
    stream.write(text);
  };
  write("a");
  write("b");
  const later = Promise.resolve()
    .then(() => write("c"))
    .then(() => write("d"));
  await later;
  expect(writes).toEqual([]);
  await setImmediate();
  expect(writes).toEqual(["a+b+c+d"]);
});

test("a later turn is a write of its own", async () => {
  const { stream, writes } = recordingStream();
  const cork = new TurnCork(stream);
  for (const text of ["a", "b"]) {
    cork.cork();
    stream.write(text);
    await setImmediate();
  }
  expect(writes).toEqual(["a", "b"]);
});

test("a lone message leaves before the event loop turns to anything else", async () => {
  verifies("01 B-3");
  const { stream, writes } = recordingStream();
  const atNextPhase = setImmediate().then(() => [...writes]);
  new TurnCork(stream).cork();
  stream.write("a");
  expect(await atNextPhase).toEqual(["a"]);
});
