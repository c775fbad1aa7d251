import { describe, expect, it } from "vitest";
import { textLine } from "../../src/cli/text-line.ts";
import { connect } from "../../src/index.ts";
import { printed, proctor } from "./command.ts";

/** What an executor writes while a process runs on it whose arguments and variables are secrets. */
async function logOf(...options: readonly string[]) {
  await using serving = proctor(["serve", ...options]);
  const url = (await printed(serving.stdout, /^ws:.*\n/)).trim();
  {
    await using link = await connect(url);
    await (await link.start(["sh", "-c", "echo $TOKEN # hunter2"], { env: { TOKEN: "hunter2" } })).closed;
  }
  serving.kill("SIGTERM");
  const { stdout, stderr, exitCode } = await serving;
  expect([stdout, exitCode]).toEqual([`${url}\n`, 0]);
  expect(stderr).not.toContain("hunter2");
  return { url, lines: String(stderr).split("\n").slice(0, -1) };
}

describe("the log of an executor", () => {
  it("is empty unless it is asked for", async () => {
    expect((await logOf()).lines).toEqual([]);
  });

  it("is an object a line, complete when the program ends", async () => {
    const { url, lines } = await logOf("--log-level", "info");
    const events = lines.map((line) => JSON.parse(line));
    expect(events.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      "info executor listens",
      "info connection opened",
      "info session begun",
      "info process started",
      "info process over",
      "info session over",
      "info connection closed",
      "info executor stopped",
    ]);
    expect(events[0]).toEqual({
      level: "info",
      time: expect.stringMatching(/^20.*Z$/),
      pid: expect.any(Number),
      url,
      msg: expect.any(String),
    });
    expect(events[4]).toMatchObject({ result: "success", exitCode: 0, durationMs: expect.any(Number) });
  });

  it("leaves out what is less grave than was asked for", async () => {
    expect((await logOf("--log-level", "warn")).lines).toEqual([]);
  });

  it("is text for people where that is asked for", async () => {
    const { url, lines } = await logOf("--log-level", "info", "--log-format", "text");
    expect(lines[0]).toMatch(/^20\S+Z info {2}executor listens url=/);
    expect(lines[0]?.endsWith(url)).toBe(true);
    expect(lines[4]).toMatch(
      / info {2}process over process=\S+ connection=\S+ childPid=\d+ result=success exitCode=0 /,
    );
  });

  it.each([
    [["--log-level", "loud"], "--log-level takes debug, info, warn, error, not `loud`"],
    [["--log-level", "info", "--log-format", "xml"], "--log-format takes json, text, not `xml`"],
    [["--log-format", "text"], "--log-format needs --log-level"],
  ])("does not begin with %j", async (options, text) => {
    const { stdout, stderr, exitCode } = await proctor(["serve", ...options]);
    expect([stdout, exitCode]).toEqual(["", 2]);
    expect(stderr).toContain(text);
  });

  it("tells of requests that are refused before there is a connection", async () => {
    await using serving = proctor(["serve", "--log-level", "warn"]);
    const url = (await printed(serving.stdout, /^ws:.*\n/)).trim();
    const refused = printed(serving.stderr, /\n/);
    await fetch(url.replace("ws:", "http:"), { headers: { origin: "http://elsewhere" } });
    expect(JSON.parse(await refused)).toMatchObject({ level: "warn", status: 403, msg: "http request refused" });
  });
});

it("a line of text has every value in its place: none can look like another, or like a line", () => {
  const event = { level: "warn", time: "T", pid: 1, reason: "two words\nx=1", empty: null, n: 5, msg: "it happened" };
  expect(textLine(JSON.stringify(event))).toBe('T warn  it happened reason="two words\\nx=1" n=5\n');
});
