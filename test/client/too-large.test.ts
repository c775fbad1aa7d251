import { expect, it } from "vitest";
import { longestRequestBody } from "../../src/client/request-body.ts";
import { TooLargeError } from "../../src/index.ts";
import { verifies } from "../rules/verifies.ts";
import { scriptedLink, settled, startScripted } from "./scripted-link.ts";

const mebibyte = 1024 * 1024;

it("a start that no message can carry fails before it is sent, and harms nothing else (03 D-15)", async () => {
  verifies("03 D-15");
  const { link, peer } = await scriptedLink();
  const before = peer.requests.length;
  const failure = await link.start(["program"], { env: { HUGE: "x".repeat(61 * mebibyte) } }).catch((error) => error);
  expect(failure).toBeInstanceOf(TooLargeError);
  expect(failure).toMatchObject({ method: "process/start", effect: "notApplied", limitBytes: 60 * mebibyte });
  expect(failure.message).toMatch(
    /^a call of process\/start with \d+ bytes does not fit one message of 62914560 bytes$/,
  );
  expect(peer.requests).toHaveLength(before);
  await startScripted(link, peer);
  expect(link.state.value).toBe("Connected");
});

it("a write to stdin of any size goes in pieces that fit (03 D-15)", async () => {
  verifies("03 D-15");
  const { link, peer } = await scriptedLink();
  const { process } = await startScripted(link, peer);
  const writing = process.stdin.write(new Uint8Array(64 * mebibyte));
  let answered = peer.requests.length;
  let bytes = 0;
  while (bytes < 64 * mebibyte) {
    await settled();
    for (const { id, method, params } of peer.requests.slice(answered)) {
      expect(method).toBe("process/write");
      answered += 1;
      bytes += Buffer.from(String(params.chunk), "base64").length;
      peer.answer({ status: "accepted" }, id);
    }
  }
  await writing;
  expect(answered).toBeGreaterThanOrEqual(64);
});

it("a fetch whose body no message can carry fails as a fetch does, and is not sent (06 H-29, F-2)", async () => {
  verifies("06 H-29", "06 F-2");
  const { link, peer } = await scriptedLink();
  const before = peer.requests.length;
  const body = new Uint8Array(46 * mebibyte);
  const failure = await link.fetch("http://o.test/", { method: "POST", body }).catch((error) => error);
  expect(failure).toMatchObject({ name: "TypeError", cause: expect.any(TooLargeError) });
  expect(peer.requests).toHaveLength(before);
});

it("the longest body that is taken fits a message, and all of it is sent at once (06 F-2)", async () => {
  verifies("06 F-2");
  const { link, peer } = await scriptedLink();
  const body = new Uint8Array(longestRequestBody);
  void link.fetch("http://o.test/", { method: "POST", body }).catch(() => undefined);
  while (peer.last.method !== "http/request") await settled();
  expect(String(peer.last.params.bodyBase64)).toHaveLength(Math.ceil(longestRequestBody / 3) * 4);
});

it("an upload that never ends is given up when it is too long, and when it is aborted (06 F-2, F-7)", async () => {
  verifies("06 F-2", "06 F-7");
  const { link } = await scriptedLink();
  const cancelled: unknown[] = [];
  const upload = (pull?: (controller: ReadableStreamDefaultController) => void) =>
    new ReadableStream({ ...(pull === undefined ? {} : { pull }), cancel: (reason) => void cancelled.push(reason) });
  const endless = upload((controller) => controller.enqueue(new Uint8Array(mebibyte)));
  const init = { method: "POST", duplex: "half" } as RequestInit;
  const failure = await link.fetch("http://o.test/", { ...init, body: endless }).catch((error) => error);
  expect(failure).toMatchObject({ name: "TypeError", cause: expect.any(TooLargeError) });
  const controller = new AbortController();
  const stuck = link.fetch("http://o.test/", { ...init, body: upload(), signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(stuck).rejects.toThrow("enough");
  expect(cancelled).toEqual([expect.any(TooLargeError), expect.objectContaining({ message: "enough" })]);
});
