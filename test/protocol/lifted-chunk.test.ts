import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeParams } from "../../src/protocol/decode.ts";
import { decodeMessage } from "../../src/protocol/envelope.ts";
import { LEAST_LIFTED_BYTES } from "../../src/protocol/lifted-chunk.ts";
import { verifies } from "../rules/verifies.ts";

const long = Buffer.alloc(LEAST_LIFTED_BYTES, "some input ");
const base64 = long.toString("base64");
const write = (chunk: string) =>
  `{"id":7,"method":"process/write","params":{"processId":"pä","chunk":"${chunk}","writeId":"w"}}`;

/** As the websocket hands over what it put together, and what came in one read with others. */
const alone = (text: string) => new TextEncoder().encode(text);
const besideOthers = (text: string) => alone(`before${text}after`).subarray(6, -5);

/** What the request asks for, or what is wrong with it: all that anybody can tell of how it was decoded. */
function meaningOf(data: string | Uint8Array): unknown {
  const message = decodeMessage(data);
  if (message.kind !== "request") return message;
  try {
    const { chunk, ...params } = decodeParams("process/write", message.params);
    return { ...message, params: { ...params, chunk: Buffer.from(chunk).toString("hex") } };
  } catch (error) {
    return { ...message, params: null, error: String(error) };
  }
}

it("a long chunk is decoded with its message, in params and in results", () => {
  const [request, answer] = [write(base64), `{"id":7,"result":{"chunk":"${base64}","eof":true}}`];
  expect(decodeMessage(Buffer.from(request))).toMatchObject({ params: { processId: "pä", chunk: long, writeId: "w" } });
  expect(decodeMessage(Buffer.from(answer))).toMatchObject({ result: { chunk: long, eof: true } });
});

it("long or short, as text or as bytes, right or wrong: a message means the same", () => {
  verifies("01 W-10", "01 W-28");
  const flaw = fc.constantFrom("", "", "", "=", "==", "-", "_", " ", "\\n", "\\u0041", "ä", "*", '"', "\\", "A", "AB");
  const chunk = fc
    .tuple(fc.nat(long.length), flaw, fc.boolean(), fc.constantFrom(0, 1, 2))
    .map(([at, inserted, isLong, cut]) => {
      const bytes = isLong ? long : long.subarray(0, 30);
      const text = bytes.subarray(0, bytes.length - cut).toString("base64");
      return inserted === "" ? text : text.slice(0, at) + inserted + text.slice(at);
    });
  const text = (value: fc.Arbitrary<string>) => value.map((content) => `"${content}"`);
  const value = fc.oneof(
    text(chunk),
    text(fc.constantFrom("", "x", "ü", "\\u0063hunk", '\\"chunk\\":\\"')),
    fc.constantFrom("1", "12345678901234567890", "1.5", "null", "{}", "nonsense", '{"chunk":"YQ=="}', '[{"chunk":""}]'),
    chunk.map((content) => `{"chunk":"${content}"}`),
  );
  const name = fc.constantFrom("chunk", "chunk", "processId", "writeId", "\\u0063hunk", '\\"chunk', "x", "__proto__");
  const space = fc.constantFrom("", "", "", " ", "\n");
  const members = fc
    .array(fc.tuple(name, space, value), { maxLength: 5 })
    .map((list) => list.map(([key, gap, content]) => `"${key}":${gap}${content}`));
  const object = (list: readonly string[], first: string[]) => `{${[...first, ...list].join(",")}}`;
  const params = fc
    .tuple(members, fc.boolean())
    .map(([list, isWhole]) => object(list, isWhole ? ['"processId":"p"', '"writeId":"w"'] : []));
  const message = fc
    .tuple(params, members, fc.constantFrom("", "\ufeff", " ", "}", "1"), fc.boolean())
    .map(([inner, outer, stray, isBefore]) => {
      const whole = object(outer, ['"id":7', '"method":"process/write"', `"params":${inner}`]);
      return isBefore ? stray + whole : whole + stray;
    });
  fc.assert(
    fc.property(fc.oneof(chunk.map(write), message), (content) => {
      for (const bytes of [alone(content), besideOthers(content)]) {
        expect(meaningOf(bytes)).toEqual(meaningOf(content));
      }
    }),
    { numRuns: 3_000 },
  );
});

it.each([
  ["the last of two counts", (chunk: string) => `{"processId":"p","writeId":"w","chunk":"${chunk}","chunk":""}`],
  ["of two spellings too", (chunk: string) => `{"processId":"p","writeId":"w","chunk":"${chunk}","\\u0063hunk":""}`],
  [
    "one further inside is another",
    (chunk: string) => `{"processId":"p","writeId":"w","x":{"chunk":"${chunk}"},"chunk":""}`,
  ],
  [
    "so is one whose name ends like it",
    (chunk: string) => `{"processId":"p","writeId":"w","a\\"chunk":"${chunk}","\\u0063hunk":""}`,
  ],
])("a chunk that is not the request's is not taken for it: %s", (_case, params) => {
  const message = `{"id":7,"method":"process/write","params":${params(base64)}}`;
  expect(JSON.parse(message).params.chunk).toBe("");
  expect(meaningOf(Buffer.from(message))).toMatchObject({ params: { processId: "p", chunk: "", writeId: "w" } });
});

it("a chunk keeps no memory of other messages, and takes that of its own", () => {
  for (const [bytes, isTaken] of [
    [alone(write(base64)), true],
    [besideOthers(write(base64)), false],
  ] as const) {
    const message = decodeMessage(bytes);
    if (message.kind !== "request") throw new Error("not a request");
    const { chunk } = decodeParams("process/write", message.params);
    expect(Buffer.from(chunk)).toEqual(long);
    expect(chunk.buffer === bytes.buffer).toBe(isTaken);
  }
});

it("bytes that are no UTF-8 are no message, whatever chunk they hold", () => {
  verifies("01 W-10");
  const message = Buffer.from(write(base64));
  for (const at of [message.indexOf("p\u00e4") + 1, message.indexOf(base64) + 5, message.length - 4]) {
    const broken = Buffer.from(message);
    broken[at] = 0xff;
    expect(decodeMessage(broken)).toMatchObject({ kind: "malformed" });
  }
});
