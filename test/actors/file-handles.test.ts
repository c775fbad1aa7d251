import { expect, test } from "vitest";
import { FileHandles, mostFileHandles } from "../../src/actors/file-handles.ts";
import type { OpenFile } from "../../src/ports/file-host.ts";
import { verifies } from "../rules/verifies.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** A file that says when it was closed, and opens when it is told to. */
class ScriptedFile implements OpenFile {
  readonly name: string;
  readonly path = "/file";
  isClosed = false;
  readonly #opened = Promise.withResolvers<OpenFile>();

  constructor(name: string) {
    this.name = name;
  }

  readonly open = (): Promise<OpenFile> => this.#opened.promise;

  /** The host has opened it. */
  arrive(): this {
    this.#opened.resolve(this);
    return this;
  }

  async read(offset: number | bigint, block: Uint8Array): Promise<number> {
    if (offset === 666) throw new Error("the disk is gone");
    return new TextEncoder().encodeInto(this.name, block).written;
  }

  async write(): Promise<void> {
    throw new Error("nobody writes");
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function table() {
  return new FileHandles({ clock: new VirtualClock() }, (fault) => {
    throw fault;
  });
}

const atOnce = async (_path: unknown, close: () => void): Promise<void> => close();

async function contentOf(handles: FileHandles, handleId: string): Promise<string> {
  const block = new Uint8Array(100);
  const length = await (await handles.get(handleId)).read(0, block);
  return new TextDecoder().decode(block.subarray(0, length));
}

test("what is asked of an id waits for the open that was asked for before, and sees its file", async () => {
  const handles = table();
  const [first, second] = [new ScriptedFile("first"), new ScriptedFile("second")];
  const opened = handles.open("h", first.open);
  const read = contentOf(handles, "h");
  const closed = handles.close("h", atOnce);
  const reopened = handles.open("h", second.open);
  const readAgain = contentOf(handles, "h");
  second.arrive();
  first.arrive();
  await Promise.all([opened, closed, reopened]);
  expect(await read).toBe("first");
  expect(await readAgain).toBe("second");
  expect(first.isClosed).toBe(true);
  expect(second.isClosed).toBe(false);
});

test("an id in use is refused only after the file was opened, which is closed again; the first one goes on", async () => {
  verifies("04 F-43");
  const handles = table();
  await handles.open("h", new ScriptedFile("first").arrive().open);
  const late = new ScriptedFile("late").arrive();
  await expect(handles.open("h", late.open)).rejects.toThrow("file read handle `h` already exists");
  expect(late.isClosed).toBe(true);
  await expect(handles.open("h", () => Promise.reject(new Error("no such file")))).rejects.toThrow("no such file");
  expect(await contentOf(handles, "h")).toBe("first");
});

test("one handle more than there may be is refused, and closing one makes room, also when all are asked for at once", async () => {
  verifies("04 F-43");
  const handles = table();
  const files = Array.from({ length: mostFileHandles + 1 }, (_, index) => new ScriptedFile(`${index}`).arrive());
  const outcomes = await Promise.allSettled(files.map((file) => handles.open(file.name, file.open)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(mostFileHandles);
  expect(outcomes.at(-1)).toMatchObject({
    reason: { message: "at most 128 file reads may be open per connection", code: "invalidRequest" },
  });
  expect(files.at(-1)?.isClosed).toBe(true);
  await handles.close("0", atOnce);
  await handles.open("more", new ScriptedFile("more").arrive().open);
  expect(handles.size).toBe(mostFileHandles);
});

test("a read that fails ends its handle and no other", async () => {
  verifies("04 F-45", "04 F-46");
  const handles = table();
  const [broken, whole] = [new ScriptedFile("broken").arrive(), new ScriptedFile("whole").arrive()];
  await handles.open("broken", broken.open);
  await handles.open("whole", whole.open);
  await expect((await handles.get("broken")).read(666, new Uint8Array(1))).rejects.toThrow("the disk is gone");
  expect(broken.isClosed).toBe(true);
  await expect(handles.get("broken")).rejects.toThrow("unknown file read handle `broken`");
  expect(await contentOf(handles, "whole")).toBe("whole");
});

test("the end of the connection closes everything, also what is opened after it", async () => {
  verifies("04 F-44");
  const handles = table();
  const [open, late] = [new ScriptedFile("open").arrive(), new ScriptedFile("late")];
  await handles.open("open", open.open);
  const opening = handles.open("late", late.open);
  handles.connectionEnded();
  expect(open.isClosed).toBe(true);
  expect(handles.size).toBe(0);
  late.arrive();
  await expect(opening).rejects.toThrow("the connection is ending");
  expect(late.isClosed).toBe(true);
});
