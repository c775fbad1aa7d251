import { expect, test } from "vitest";
import { confinedFiles } from "../../src/actors/confined-files.ts";
import { FileHelpers, mostFileHelpers } from "../../src/actors/file-helpers.ts";
import type { FileHelperHost } from "../../src/ports/file-helper-host.ts";
import { FileHelperError, type FileHost } from "../../src/ports/file-host.ts";
import type { Child, ChildListener } from "../../src/ports/process-host.ts";
import { type HelperCall, longestHelperBody } from "../../src/protocol/file-helper/calls.ts";
import { callParts, FrameReader, frameHead, frameKinds, jsonFrame } from "../../src/protocol/file-helper/frames.ts";
import { verifies } from "../rules/verifies.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** A helper that answers when the test lets it. */
class FakeHelper {
  readonly calls: { readonly number: number; readonly call: HelperCall }[] = [];
  readonly #listener: ChildListener;
  answersAtOnce = true;
  isKilled = false;

  constructor(listener: ChildListener) {
    this.#listener = listener;
  }

  readonly #reader = new FrameReader(longestHelperBody, {
    frame: (_kind, number, body) => {
      const call = callParts(body).value as HelperCall; // what was just encoded
      this.calls.push({ number, call });
      if (this.answersAtOnce) this.answer();
    },
    piece: () => undefined,
  });

  readonly child = {
    write: async (bytes: Uint8Array) => this.#reader.push(bytes),
    signal: () => {
      this.isKilled = true;
      queueMicrotask(() => this.die());
    },
    release: () => undefined,
  } as unknown as Child; // no more of a child is used

  ready(): void {
    this.say(frameHead(frameKinds.ready, 0, 0));
  }

  /** Answers the oldest call that waits. */
  answer(): void {
    const asked = this.calls.shift();
    if (asked !== undefined) this.say(jsonFrame(frameKinds.done, asked.number, { path: "/" }));
  }

  say(bytes: Uint8Array): void {
    this.#listener.output("stdout", bytes);
  }

  die(exitCode = 137): void {
    this.#listener.exited({ exitCode, usage: null });
  }
}

function world(answersAtOnce = true) {
  const clock = new VirtualClock();
  const started: FakeHelper[] = [];
  const host = {
    stale: 0,
    occupies: false,
    plan: async (files) => ({
      fingerprint: files.entries[0]?.path ?? "",
      occupies: host.occupies,
      start: async (listener) => {
        if (host.stale-- > 0) return null;
        const helper = new FakeHelper(listener);
        helper.answersAtOnce = answersAtOnce;
        started.push(helper);
        queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => helper.ready())));
        return helper.child;
      },
    }),
  } as FileHelperHost & { stale: number; occupies: boolean };
  const fault = (error: unknown) => {
    throw error;
  };
  const helpers = new FileHelpers(host, { clock }, fault);
  const under = (path: string, signal?: AbortSignal): FileHost =>
    confinedFiles(
      helpers,
      { entries: [{ path, access: "read" }], denyGlobs: [], globScanMaxDepth: null, platformDefaults: false },
      { os: "linux" },
      signal,
    );
  return { clock, started, host, helpers, under };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test("a helper serves again and again, and ends when it was idle for ten seconds", async () => {
  verifies("05 SB-F9");
  const { clock, started, helpers, under } = world();
  for (let n = 0; n < 5; n += 1) expect(await under("/a").canonicalize("/x")).toBe("/");
  expect(started).toHaveLength(1);
  clock.advance(9_999);
  expect(await under("/a").canonicalize("/x")).toBe("/");
  clock.advance(9_999);
  expect(helpers.size).toBe(1);
  clock.advance(1);
  await settle();
  expect([helpers.size, started[0]?.isKilled]).toEqual([0, true]);
  expect(clock.pending).toBe(0);
});

test("one that occupies places of the host is gone, and they are free, before its last operation is answered", async () => {
  verifies("05 SB-L13");
  const { host, started, helpers, under } = world(false);
  host.occupies = true;
  const first = under("/a").createDirectory("/x", { recursive: true });
  const second = under("/a").createDirectory("/y", { recursive: true });
  await settle();
  started[0]?.answer();
  await first;
  expect([started.length, started[0]?.isKilled]).toEqual([1, false]);
  started[0]?.answer();
  await second;
  expect([helpers.size, started[0]?.isKilled]).toEqual([0, true]);
});

test("there are never more than eight, and the one that was used the longest ago makes place", async () => {
  verifies("05 SB-F9");
  const { started, helpers, under } = world();
  for (let n = 0; n < mostFileHelpers; n += 1) await under(`/${n}`).canonicalize("/x");
  await under("/0").canonicalize("/x");
  await under("/one more").canonicalize("/x");
  expect(helpers.size).toBe(mostFileHelpers);
  expect(started.map(({ isKilled }) => isKilled)).toEqual([false, true, ...Array.from({ length: 7 }, () => false)]);
});

test("where all are in use an operation waits for a place, and no longer than ten seconds", async () => {
  const { clock, started, under } = world(false);
  const busy = Array.from({ length: mostFileHelpers }, (_, n) => under(`/${n}`).canonicalize("/x"));
  await settle();
  const waiting = under("/more").canonicalize("/x");
  const inVain = under("/too many").canonicalize("/x");
  await settle();
  expect(started).toHaveLength(mostFileHelpers);
  for (const helper of started.slice(0, 1)) helper.answer();
  await settle();
  started.at(-1)?.answer();
  await settle();
  await expect(Promise.race([waiting, inVain])).resolves.toBe("/");
  started[1]?.answer();
  await settle();
  for (const helper of started) {
    helper.answersAtOnce = true;
    helper.answer();
  }
  await Promise.all([...busy, waiting, inVain]);

  const again = world(false);
  for (let n = 0; n < mostFileHelpers; n += 1)
    void again
      .under(`/${n}`)
      .canonicalize("/x")
      .catch(() => undefined);
  await settle();
  const refused = again.under("/more").canonicalize("/x");
  await settle();
  again.clock.advance(10_000);
  await expect(refused).rejects.toThrow("all 8 fs sandbox helpers are in use");
  clock.advance(10_000);
});

test("an operation without an answer for 30 s fails, and its helper ends", async () => {
  verifies("05 SB-F7");
  const { clock, started, under } = world(false);
  const hanging = under("/a").canonicalize("/x");
  await settle();
  clock.advance(30_000);
  await expect(hanging).rejects.toThrow(FileHelperError);
  await settle();
  expect(started[0]?.isKilled).toBe(true);
});

test("a copy takes as long as it takes", async () => {
  const { clock, started, under } = world(false);
  const copy = under("/a").copy("/x", "/y", { recursive: true });
  await settle();
  clock.advance(600_000);
  started[0]?.answer();
  await copy;
});

test("an operation that is abandoned beside others keeps the helper from taking more until it is answered (05 SB-F7)", async () => {
  verifies("05 SB-F7");
  const { started, under } = world(false);
  const leaving = new AbortController();
  const abandoned = under("/a", leaving.signal).canonicalize("/abandoned");
  const kept = under("/a").canonicalize("/kept");
  await settle();
  leaving.abort(new Error("gone"));
  await expect(abandoned).rejects.toThrow("gone");
  const next = under("/a").canonicalize("/next");
  await settle();
  expect(started).toHaveLength(2); // another one
  started[1]?.answer();
  await next;
  started[0]?.answer(); // the abandoned one
  const last = under("/a").canonicalize("/last");
  await settle();
  for (const helper of started) for (let n = 0; n < 3; n += 1) helper.answer();
  await Promise.all([kept, last]);
  expect(started.map(({ isKilled }) => isKilled)).toEqual([false, false]);
});

test("a helper that dies fails all that was asked of it with what it said last, and the next one is asked then", async () => {
  verifies("05 SB-F5");
  const { started, under } = world(false);
  const both = [under("/a").canonicalize("/x"), under("/a").metadata("/x")];
  await settle();
  started[0]?.die(3);
  for (const call of both) await expect(call).rejects.toThrow("fs sandbox helper failed with status 3");
  const next = under("/a").canonicalize("/x");
  await settle();
  started[1]?.answer();
  expect(await next).toBe("/");
});

test.each([
  ["a frame that is too long", frameHead(frameKinds.done, 1, 2 ** 31)],
  ["no JSON", Buffer.concat([frameHead(frameKinds.done, 1, 1), Buffer.from("{")])],
  ["a failure of no known kind", jsonFrame(frameKinds.failed, 1, { kind: "new" })],
])("a helper that says %s fails its calls and is killed", async (_name, bytes) => {
  const { started, under } = world(false);
  const call = under("/a").canonicalize("/x");
  await settle();
  started[0]?.say(bytes);
  await expect(call).rejects.toThrow(FileHelperError);
  await settle();
  expect(started[0]?.isKilled).toBe(true);
});

test("a result that is not what was asked for fails its call", async () => {
  const { started, under } = world(false);
  const call = under("/a").metadata("/x");
  await settle();
  started[0]?.answer(); // the answer to `canonicalize`
  await expect(call).rejects.toThrow();
});

test("files that change while a helper is started are planned again", async () => {
  const { host, started, under } = world();
  host.stale = 2;
  expect(await under("/a").canonicalize("/x")).toBe("/");
  expect(started).toHaveLength(1);
  host.stale = 100;
  await expect(under("/b").canonicalize("/x")).rejects.toThrow("changed again and again");
});

test("a file that is open keeps its helper, however long nothing is read", async () => {
  verifies("05 SB-F10");
  const { clock, helpers, under } = world();
  const file = await under("/a").open("/x", "read");
  clock.advance(1_000_000);
  expect(helpers.size).toBe(1);
  await file.close();
  clock.advance(10_000);
  await settle();
  expect(helpers.size).toBe(0);
});

test("when the executor is closed what has begun is waited for, two seconds at most", async () => {
  const { clock, started, helpers, under } = world(false);
  const first = under("/a").canonicalize("/x");
  const second = under("/b").canonicalize("/x");
  await settle();
  const closing = helpers.close();
  started[0]?.answer();
  expect(await first).toBe("/");
  await settle();
  expect(started.map(({ isKilled }) => isKilled)).toEqual([true, false]);
  clock.advance(2_000);
  await expect(second).rejects.toThrow(FileHelperError);
  await closing;
  expect(helpers.size).toBe(0);
  await expect(under("/a").canonicalize("/x")).rejects.toThrow("shutting down");
});
