import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { isObject, type JsonObject } from "../conformance/peer/message.ts";
import { verifies } from "../rules/verifies.ts";
import { type ScriptedPeer, scriptedLink, settled } from "./scripted-link.ts";

/** What a scripted server said to the reference's client after a POST, and what that client made of it. */
interface RecordedCase {
  readonly name: string;
  readonly answers: readonly JsonObject[];
  readonly outcome: "ready" | "failed";
  readonly error: string;
}

const line = z.object({ dir: z.enum(["c", "s", "note"]), msg: z.json() });

async function readCases(): Promise<RecordedCase[]> {
  const file = join(import.meta.dirname, "../conformance/http/transcripts/client-cases.jsonl");
  const cases: RecordedCase[] = [];
  let answers: JsonObject[] = [];
  let posts = 0;
  for (const text of (await readFile(file, "utf8")).trimEnd().split("\n")) {
    const { dir, msg } = line.parse(JSON.parse(text));
    if (typeof msg === "string" && msg.startsWith("case ")) {
      answers = [];
      posts = 0;
    } else if (dir === "note" && String(msg).startsWith("ws connection"))
      posts = posts === 0 ? 0 : 2; // of the next ones nothing is new
    else if (dir === "c" && isObject(msg) && msg.method === "http/request") posts += 1;
    else if (dir === "s" && isObject(msg) && posts === 1) answers.push(msg);
    else if (dir === "note" && isObject(msg)) {
      const { case: name, outcome, error } = msg;
      cases.push({
        name: String(name),
        answers,
        outcome: outcome === "ready" ? "ready" : "failed",
        error: String(error),
      });
    }
  }
  return cases;
}

/** Says it again: to our request, and with the frames that the recording has left out. */
function play(peer: ScriptedPeer, answers: readonly JsonObject[]): void {
  const { id, params } = peer.last;
  let last = 0;
  for (const { result, error, params: frame } of answers) {
    if (isObject(result)) peer.answer(result, id);
    else if (isObject(error)) peer.refuse(Number(error.code), String(error.message));
    else if (isObject(frame)) {
      const { requestId, ...rest } = frame;
      const own = requestId === "http-1" ? params.requestId : requestId;
      const isShortened = own === params.requestId && Number(frame.seq) > last + 100;
      for (let seq = last + 1; isShortened && seq < Number(frame.seq); seq += 1) {
        peer.notify("http/request/bodyDelta", { requestId: own, seq, deltaBase64: btoa(" ") });
      }
      if (own === params.requestId && typeof frame.seq === "number") last = frame.seq;
      peer.notify("http/request/bodyDelta", { requestId: own, ...rest });
    }
  }
}

/** Where ours is better on purpose: the rule, and what comes of it; `null`: it is no failure. */
const improved: Readonly<Record<string, readonly [rule: string, instead: RegExp | null]>> = {
  overflow: ["06 C-6a", null],
  disconnect: ["06 C-9", /transport disconnected: /],
  malformedDelta: ["06 C-8", /transport disconnected: /],
  badBase64: ["06 C-8", /transport disconnected: /],
};

const cases = (await readCases()).filter(({ name }) => name !== "bigFrame"); // its frame was left out; ours takes up to 64 MiB

it("there are cases", () => {
  expect(cases.length).toBeGreaterThan(12);
});

it.each(cases.map((each) => [each.name, each] as const))(
  "takes recorded frames as the reference does: %s",
  async (name, recorded) => {
    verifies("06 C-2", "06 C-3", "06 C-4", "06 C-5", "06 C-6a", "06 C-7", "06 C-8", "06 C-9");
    const { peer, link } = await scriptedLink();
    const response = link.fetch("http://o.test/mcp", { method: "POST", body: "{}" });
    const reading = response
      .then((each) => each.text())
      .then(
        (text) => ({ text, failure: "" }),
        (error: Error) => ({
          text: "",
          failure: String(error.cause instanceof Error ? error.cause.message : error.cause),
        }),
      );
    await settled();
    play(peer, recorded.answers);
    await settled();
    if (name === "disconnect") peer.transport.destroy();
    const { text, failure } = await reading;
    const [, instead] = improved[name] ?? [];
    if (recorded.outcome === "ready" || instead === null) {
      expect(failure).toBe("");
      return expect(JSON.parse(text)).toMatchObject({ jsonrpc: "2.0", id: 0 });
    }
    if (instead !== undefined) return expect(failure).toMatch(instead);
    // The last word of the reference, which names its own stream.
    const reason = /(?:http response stream `[^`]+` |-32603\): )(.*?), when send/.exec(recorded.error)?.[1];
    expect(reason).toBeDefined();
    expect(failure).toContain(reason);
  },
);
