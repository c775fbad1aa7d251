import { describe, expect, test } from "vitest";
import { codexBinary } from "../../scripts/codex.ts";
import { replay } from "./replay/replay.ts";
import { type Line, readTranscript, type Transcript } from "./replay/transcript.ts";
import { conformanceSuite } from "./suite.ts";

const missing = await codexBinary().then(
  () => undefined,
  (error: unknown) => String(error),
);

if (missing === undefined) {
  await conformanceSuite("reference");
  describe.concurrent("the driver notices", { timeout: 60_000 }, driverNotices);
} else if (process.env.CI) {
  test("the reference is at hand", () => expect.fail(missing));
} else {
  console.warn(`SKIPPED: everything against the reference. ${missing}`);
  test.skip(`everything against the reference: ${missing}`);
}

/** Recordings with one line changed must fail, or the green ones above would say nothing. */
function driverNotices(): void {
  const changed = (name: string, change: (line: Line) => Line | readonly Line[]): Transcript => {
    const transcript = readTranscript(name);
    return { ...transcript, lines: transcript.lines.flatMap(change) };
  };
  const refuses = async (name: string, change: (line: Line) => Line | readonly Line[], fault: RegExp) => {
    await expect(replay(changed(name, change), "reference")).rejects.toThrow(fault);
  };
  const inNotification =
    (method: string, members: Readonly<Record<string, string | number>>) =>
    (line: Line): Line =>
      line.kind === "notification" && line.method === method
        ? { ...line, params: { ...line.params, ...members } }
        : line;
  const inAnswer =
    (id: string, body: Readonly<Record<string, never>> | object) =>
    (line: Line): Line =>
      line.kind === "answer" && line.id === id ? { ...line, body: { ...line.body, ...body } } : line;

  test("another exit code", () =>
    refuses("p12-write-after-end", inNotification("process/exited", { exitCode: 3 }), /exit code is 0, not 3/));
  test("another byte of output", () =>
    refuses("p25-binary-output", inNotification("process/output", { chunk: "AAAA" }), /wrote .*, recorded/));
  test("another error code", () =>
    refuses("w01-handshake", inAnswer("6", { error: { code: -32600, message: "" } }), /error.code is -32601/));
  test("a result where an error was recorded", () =>
    refuses(
      "w01-handshake",
      inAnswer("11", { result: undefined, error: { code: 1, message: "" } }),
      /answered .*shell/,
    ));
  test("another member of a result", () =>
    refuses("p19-terminate", inAnswer("14", { result: { running: true } }), /running is false, recorded true/));
  test("another nextSeq", () =>
    refuses(
      "p14-read-paging",
      inAnswer("12", {
        result: {
          chunks: [],
          nextSeq: 6,
          exited: true,
          exitCode: 0,
          closed: true,
          failure: null,
          sandboxDenied: false,
        },
      }),
      /nextSeq is 5, recorded 6/,
    ));
  test("an answer beyond the recording", () =>
    refuses(
      "w08-unit-params",
      (line) => (line.kind === "answer" && line.id === "9" ? [] : line),
      /beyond the recording/,
    ));
  test("answers in another order", async () => {
    const swapped: Readonly<Record<string, string>> = { "2": "3", "3": "2" };
    const swap = (line: Line): Line => (line.kind === "answer" ? { ...line, id: swapped[line.id] ?? line.id } : line);
    const strict = { ...changed("w13-pipelining", swap), tolerate: ["exit:p:-1|137", "state:23"] };
    await expect(replay(strict, "reference")).rejects.toThrow(/in the order 1,2,3,.*, recorded 1,3,2,/);
  });
  test("a connection that stays open", () =>
    refuses(
      "w04-initialized-forms",
      (line) => (line.kind === "answer" && line.id === "4" ? [line, closedByServer(line)] : line),
      /has not been ended by the server/,
    ));
  test("a connection that is ended", () =>
    refuses(
      "w05-closing-violations",
      (line) => (line.kind === "event" && line.event === "closed" && line.conn === "G" ? waitFor(line) : line),
      /was ended by the server, but not in the recording/,
    ));
  test("files in another state", () =>
    refuses(
      "fs-createdirectory",
      (line) =>
        line.kind === "remark" && line.text.startsWith("ls after")
          ? { ...line, text: "ls after: drwx------ 1 z" }
          : line,
      /listing/,
    ));
  test("a text that the specification quotes", () =>
    refuses(
      "fs-before-initialize",
      inAnswer("1", { error: { code: -32600, message: "client must call something" } }),
      /error.message is/,
    ));
}

const closedByServer = ({ number, conn }: Line): Line => ({
  number,
  conn,
  kind: "event",
  event: "closed",
  details: { by: "server", closeFrame: false, how: "tcp-end" },
});

const waitFor = ({ number, conn }: Line): Line => ({
  number,
  conn,
  kind: "event",
  event: "wait",
  details: { ms: 200 },
});
