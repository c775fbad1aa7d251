import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactArgv, redactJson, redactText } from "../../src/inspector/redaction.ts";

const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${"s".repeat(20)}`;

describe("arguments", () => {
  it.for([
    { argv: ["make", "-j8", "all"], shown: ["make", "-j8", "all"] },
    { argv: ["git", "checkout", "f3a31a4d2c5b"], shown: ["git", "checkout", "f3a31a4d2c5b"] },
    {
      argv: ["ls", "-l", "/home/User1/Projects/a_Very_Long_Name_0"],
      shown: ["ls", "-l", "/home/User1/Projects/a_Very_Long_Name_0"],
    },
    { argv: ["curl", "--token", "abc", "x"], shown: ["curl", "--token", "***", "x"] },
    { argv: ["curl", "--token=abc"], shown: ["curl", "--token=***"] },
    { argv: ["mysql", "--password", "abc"], shown: ["mysql", "--password", "***"] },
    { argv: ["env", "API_KEY=abc", "A=b"], shown: ["env", "API_KEY=***", "A=b"] },
    {
      argv: ["sh", "-c", "TOKEN='a b' run --secret=c && echo done"],
      shown: ["sh", "-c", "TOKEN=*** run --secret=*** && echo done"],
    },
    { argv: ["curl", "-H", "Authorization: Bearer abcdefgh"], shown: ["curl", "-H", "Authorization: ***"] },
    { argv: ["curl", "https://u:p@h.example/a?sig=1#f"], shown: ["curl", "https://***@h.example/a?***#***"] },
    { argv: ["curl", "http://h.example:80/"], shown: ["curl", "http://h.example:80/"] },
    { argv: ["x", "ghp_0123456789abcdefghij"], shown: ["x", "***"] },
    { argv: ["x", jwt], shown: ["x", "***"] },
    { argv: ["x", "aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3"], shown: ["x", "***"] },
    { argv: ["x", "-----BEGIN RSA PRIVATE KEY-----\nMII"], shown: ["x", "***"] },
  ])("$argv", ({ argv, shown }) => {
    expect(redactArgv(argv)).toEqual(shown);
  });
});

it("shortens ids of sessions and connections, the same one always to the same text", () => {
  const id = "7f3a21bc-1111-4222-a333-444455556666";
  expect(redactJson({ type: "detach", connectionId: id, reason: `lost ${id}`, holder: id })).toEqual({
    type: "detach",
    connectionId: "7f3a21bc",
    reason: "lost 7f3a21bc",
    holder: "7f3a21bc",
  });
  expect(redactJson({ sessionId: "of-another-kind-of-executor" })).toEqual({ sessionId: "of-anoth" });
});

it("tells an error by its name, its message and its members, without stack and secrets", () => {
  const error = Object.assign(new TypeError("no way to ws://h.example/?token=1"), {
    code: "x",
    isRetryable: true,
    observerKey: "k",
  });
  expect(redactJson({ error })).toEqual({
    error: {
      name: "TypeError",
      message: "no way to ws://h.example/?***",
      code: "x",
      isRetryable: true,
      observerKey: "***",
    },
  });
});

it("leaves out what is never to be seen, whatever it is", () => {
  const hidden = {
    observerKey: "a",
    env: { A: "b" },
    headers: [1],
    bodyBase64: "c",
    chunk: "d",
    password: 1,
    Authorization: "x",
    bytes: new Uint8Array(3),
  };
  for (const [name, shown] of Object.entries(redactJson(hidden) as object))
    expect([name, shown]).toEqual([name, "***"]);
  expect(redactJson({ a: new Uint8Array(3), f: () => 1, u: undefined, n: Number.NaN, b: 1n })).toEqual({
    a: "(3 bytes)",
    n: "NaN",
    b: "1",
  });
});

it("is bounded, well formed JSON for anything at all, and takes no long time for it", () => {
  const deep: Record<string, unknown> = {};
  let end = deep;
  for (let depth = 0; depth < 10_000; depth += 1) end = end.a = {} as Record<string, unknown>;
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const megabyte = ["a.", "eyJ-", "x", "=", "\ud800", "\u202e", "a=b ", "http://", "\0", "-", "é"].map((piece) =>
    piece.repeat(2 ** 20 / piece.length),
  );
  for (const value of [
    deep,
    circle,
    megabyte,
    { argv: megabyte },
    Array.from({ length: 1e5 }, () => "a.".repeat(500)),
  ]) {
    const text = JSON.stringify(redactJson(value));
    expect(text.length).toBeLessThan(1_500_000);
    expect(text.isWellFormed()).toBe(true);
  }
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true, withNullPrototype: true }),
      (value) => {
        const json = redactJson(value);
        expect(JSON.parse(JSON.stringify(json))).toEqual(json);
      },
    ),
  );
});

it("keeps hostile names as the text that they are", () => {
  const name = `<img src=x onerror="alert(1)">\u202e\u0007</script>`;
  expect(redactText(name)).toBe(name);
  expect(Object.getPrototypeOf(redactJson(JSON.parse('{"__proto__":{"a":1},"b":2}')))).toBe(Object.prototype);
});
