import { expect, it } from "vitest";
import { bodyLimitBytes } from "../../src/actors/remote-body.ts";
import { BodyFailedError, BodyLostError, DisconnectedError, RpcError, UnsupportedError } from "../../src/index.ts";
import { verifies } from "../rules/verifies.ts";
import { dialScripted, type ScriptedPeer, scriptedLink, settled } from "./scripted-link.ts";

const head = { status: 200, headers: [], bodyBase64: "" };

interface Frame {
  readonly seq: number;
  readonly text?: string;
  readonly done?: boolean;
  readonly error?: string | null;
}

function send(peer: ScriptedPeer, requestId: unknown, { text = "", ...frame }: Frame): void {
  peer.notify("http/request/bodyDelta", { requestId, deltaBase64: btoa(text), ...frame });
}

/** Asks for a page, and tells under which id. */
async function asked() {
  const scripted = await scriptedLink();
  const response = scripted.link.fetch("http://o.test/page");
  response.catch(() => undefined); // looked at by the test that is about it
  await settled();
  return { ...scripted, response, requestId: scripted.peer.last.params.requestId };
}

/** What a reader gets: the text, and why it ends. */
async function read(response: Promise<Response>): Promise<readonly [text: string, cause: unknown]> {
  let text = "";
  try {
    for await (const piece of (await response).body ?? []) text += new TextDecoder().decode(piece);
    return [text, null];
  } catch (error) {
    return [text, (error as Error).cause ?? error]; // a TypeError, as fetch has them
  }
}

it("asks for a stream under an id that is never used again (06 C-1, F-3)", async () => {
  verifies("06 C-1", "06 F-3", "06 H-43");
  const { peer, link, requestId } = await asked();
  expect(peer.last).toMatchObject({
    method: "http/request",
    params: { streamResponse: true, method: "GET", url: "http://o.test/page" },
  });
  expect(requestId).toMatch(/^http-1-/);
  void link.fetch("http://o.test/").catch(() => undefined);
  await settled();
  expect(peer.last.params.requestId).toMatch(/^http-2-/);
});

it.each<readonly [string, readonly Frame[], string, RegExp | null]>([
  [
    "in order",
    [
      { seq: 1, text: "a" },
      { seq: 2, text: "b" },
      { seq: 3, done: true },
    ],
    "ab",
    null,
  ],
  [
    "with data in the last one",
    [
      { seq: 1, text: "a" },
      { seq: 2, text: "b", done: true },
    ],
    "ab",
    null,
  ],
  [
    "with all its members",
    [
      { seq: 1, text: "a", done: false, error: null },
      { seq: 2, done: true, error: null },
    ],
    "a",
    null,
  ],
  [
    "with a gap",
    [
      { seq: 1, text: "a" },
      { seq: 3, text: "c" },
    ],
    "a",
    /received seq 3, expected 2/,
  ],
  [
    "twice",
    [
      { seq: 1, text: "a" },
      { seq: 1, text: "a" },
    ],
    "a",
    /received seq 1, expected 2/,
  ],
  ["from zero", [{ seq: 0, text: "a" }], "", /received seq 0, expected 1/],
  [
    "with an error",
    [
      { seq: 1, text: "a" },
      { seq: 2, text: "b", done: true, error: "broken" },
    ],
    "a",
    /failed: broken/,
  ],
  [
    "with an error that is not the last",
    [
      { seq: 1, text: "a" },
      { seq: 2, error: "broken" },
    ],
    "a",
    /failed: broken/,
  ],
])("takes frames %s (06 C-4, C-5)", async (_how, frames, text, reason) => {
  verifies("06 C-4", "06 C-5");
  const { peer, response, requestId, link } = await asked();
  peer.answer(head);
  for (const frame of frames) send(peer, requestId, frame);
  const [came, cause] = await read(response);
  expect(came).toBe(text);
  if (reason === null) expect(cause).toBeNull();
  else {
    expect(cause).toBeInstanceOf(BodyFailedError);
    expect(String(cause)).toMatch(reason);
  }
  expect(link.state.value).toBe("Connected");
});

it("keeps frames that come before the answer, and forgets those of nobody (06 C-2, C-3)", async () => {
  verifies("06 C-2", "06 C-3");
  const { peer, response, requestId } = await asked();
  send(peer, "somebody else", { seq: 7, text: "x" });
  send(peer, requestId, { seq: 1, text: "early" });
  send(peer, requestId, { seq: 2, done: true });
  await settled();
  peer.answer(head);
  await expect(read(response)).resolves.toEqual(["early", null]);
});

it("takes no body from the answer of a stream (06 C-7)", async () => {
  verifies("06 C-7");
  const { peer, response, requestId } = await asked();
  peer.answer({ ...head, bodyBase64: btoa("not this") });
  send(peer, requestId, { seq: 1, text: "this", done: true });
  await expect(read(response)).resolves.toEqual(["this", null]);
});

it("a thousand frames may wait (06 C-6a)", async () => {
  verifies("06 C-6a");
  const { peer, response, requestId } = await asked();
  peer.answer(head);
  for (let seq = 1; seq <= 1_000; seq += 1) send(peer, requestId, { seq, text: "x" });
  send(peer, requestId, { seq: 1_001, done: true });
  await settled();
  await expect(read(response)).resolves.toEqual(["x".repeat(1_000), null]);
});

it("a body that nobody reads while the link must read on fails in the end, and is bounded (06 C-6a)", async () => {
  const { peer, link, response, requestId } = await asked();
  peer.answer(head);
  await response;
  // An unanswered call lifts the brake.
  void link.files.readFile("/x").catch(() => undefined);
  await settled();
  const piece = "x".repeat(4 * 1024 * 1024);
  for (let seq = 1; seq <= bodyLimitBytes / piece.length + 1; seq += 1) {
    send(peer, requestId, { seq, text: piece });
    await settled();
  }
  const [, cause] = await read(response);
  expect(cause).toBeInstanceOf(BodyFailedError);
});

it("a frame that cannot be read ends the connection (06 C-8)", async () => {
  verifies("06 C-8");
  const { peer, response, requestId, link } = await asked();
  peer.answer(head);
  const reading = read(response);
  await settled();
  peer.notify("http/request/bodyDelta", { requestId, seq: 1, deltaBase64: "*" });
  const [, cause] = await reading;
  expect(cause).toBeInstanceOf(BodyLostError);
  expect(link.state.value).toBe("Failed");
});

it("a lost connection fails a body at once, by name, however much of it has come (06 C-9)", async () => {
  verifies("06 C-9");
  const { peer, response, requestId } = await asked();
  peer.answer(head);
  send(peer, requestId, { seq: 1, text: "a" });
  const reader = (await response).body!.getReader();
  await reader.read();
  const next = reader.read();
  next.catch(() => undefined);
  peer.transport.destroy();
  await expect(next).rejects.toMatchObject({
    name: "TypeError",
    message: "terminated",
    cause: expect.objectContaining({ code: "bodyLost", message: expect.stringContaining("transport disconnected: ") }),
  });
});

it("a connection that ends right behind the answer fails the body as well (06 C-9)", async () => {
  verifies("06 C-9");
  const { peer, response, requestId } = await asked();
  peer.answer(head);
  // In the same turn, so that whoever waits for the answer has not heard of it yet.
  peer.notify("http/request/bodyDelta", { requestId, seq: 1, deltaBase64: "*" });
  const [, cause] = await read(response);
  expect(cause).toBeInstanceOf(BodyLostError);
});

it("a request that was in flight is not made again (06 C-11)", async () => {
  verifies("06 C-11");
  const { peer, response } = await asked();
  peer.transport.destroy();
  const error = await response.then(
    () => null,
    (reason: Error) => reason,
  );
  expect(error).toMatchObject({
    name: "TypeError",
    message: "fetch failed",
    cause: expect.objectContaining({ effect: "unknown" }),
  });
});

it("what the executor refuses is the cause of a fetch that failed (06 F-6)", async () => {
  verifies("06 F-6");
  const { peer, response, link } = await asked();
  peer.refuse(-32603, "http/request failed: connect ECONNREFUSED");
  await expect(response).rejects.toMatchObject({ message: "fetch failed", cause: expect.any(RpcError) });
  await expect(response).rejects.not.toBeInstanceOf(DisconnectedError);
  expect(link.state.value).toBe("Connected");
});

it.each([101, 199, 600, 999])(
  "a status that no Response can have fails, and the rest is not wanted: %i (06 F-3)",
  async (status) => {
    verifies("06 F-3");
    const { peer, response } = await asked();
    peer.answer({ ...head, status });
    await expect(response).rejects.toMatchObject({
      name: "TypeError",
      cause: expect.objectContaining({ name: "RangeError" }),
    });
  },
);

it("an executor that cannot stop at redirects follows them, after one warning of the program (06 F-8)", async () => {
  verifies("06 F-8");
  const { peer, link } = await scriptedLink();
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on("warning", warned);
  for (const redirect of ["manual", "error"] as const) {
    const response = link.fetch("http://o.test/", { redirect });
    await settled();
    expect(peer.last.params).not.toHaveProperty("redirectPolicy");
    peer.answer(head);
    await response;
  }
  process.off("warning", warned);
  expect(warnings).toEqual([expect.objectContaining({ code: "PROCTOR_REDIRECT_FOLLOWED" })]);
});

it("or refuses what it cannot do, before anything is sent, where the user wants it so (06 F-8)", async () => {
  verifies("06 F-8");
  const { peer, connecting } = dialScripted({ unsupportedRedirect: "reject" });
  const link = await connecting;
  const before = peer.requests.length;
  for (const redirect of ["manual", "error"] as const) {
    await expect(link.fetch("http://o.test/", { redirect })).rejects.toBeInstanceOf(UnsupportedError);
  }
  expect(peer.requests).toHaveLength(before);
});

it("sends a whole number of milliseconds as its deadline, and none unless asked (06 F-11)", async () => {
  verifies("06 F-11");
  const { peer, link } = await asked();
  expect(peer.last.params).not.toHaveProperty("timeoutMs");
  void link.fetch("http://o.test/", { timeoutMs: 10.5 }).catch(() => undefined);
  await settled();
  expect(peer.last.params.timeoutMs).toBe(11);
});
