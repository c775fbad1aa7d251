import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeMessage,
  encodeError,
  encodeMalformed,
  encodeNotification,
  encodeRequest,
  encodeResult,
} from "../../src/protocol/envelope.ts";
import { RpcError } from "../../src/protocol/errors.ts";
import { verifies } from "../rules/verifies.ts";

test.each([
  ['{"id":1,"method":"m","params":{"a":1}}', { kind: "request", id: 1, method: "m", params: { a: 1 } }],
  ['{"id":1,"method":"m"}', { kind: "request", id: 1, method: "m", params: undefined }],
  ['{"id":1,"method":"m","result":1,"error":{"code":1,"message":""}}', { kind: "request", id: 1, method: "m" }],
  ['{"method":"m","params":[1]}', { kind: "notification", method: "m", params: [1] }],
  ['{"method":"m","result":1}', { kind: "notification", method: "m" }],
  ['{"id":1,"result":null}', { kind: "response", id: 1, result: null }],
  ['{"id":1,"result":2,"error":{"code":1,"message":"x"}}', { kind: "response", id: 1, result: 2 }],
  ['{"id":1,"error":{"code":-5,"message":"x"}}', { kind: "error", id: 1, error: { rpcCode: -5, message: "x" } }],
  ['{"id":1,"error":{"code":"-5","message":"x"}}', { kind: "malformed" }],
  ['{"id":1,"error":{"code":-5}}', { kind: "malformed" }],
  ['{"id":1,"method":5}', { kind: "malformed" }],
  ['{"result":1}', { kind: "malformed" }],
])("%s is classified by the first line that fits", (text, expected) => {
  verifies("01 W-20", "01 W-21");
  expect(decodeMessage(text)).toMatchObject(expected);
});

test.each(["null", "true", "1.5", "{}", "[1]", "1e2", "9223372036854775808", "-9223372036854775809"])(
  "a message with the id %s is malformed, whatever else it has",
  (id) => {
    verifies("01 W-21a", "01 W-22");
    for (const rest of ['"method":"initialized"', '"method":"m","params":{}', '"result":{}']) {
      expect(decodeMessage(`{"id":${id},${rest}}`)).toMatchObject({ kind: "malformed" });
    }
  },
);

test("an ill-typed trace makes a message malformed, with an id and without", () => {
  verifies("01 W-21a", "01 W-23");
  for (const trace of ['"bad"', "1", "[]", '{"traceparent":1}', '{"tracestate":[]}']) {
    expect(decodeMessage(`{"id":1,"method":"m","trace":${trace}}`)).toMatchObject({ kind: "malformed", id: 1 });
    expect(decodeMessage(`{"method":"initialized","trace":${trace}}`)).toMatchObject({ kind: "malformed" });
  }
});

test.each(["null", "{}", '{"traceparent":"00-1-2-01"}', '{"traceparent":null,"tracestate":"a=b","x":1}'])(
  "the trace %s is accepted, and goes along with the request",
  (trace) => {
    verifies("01 W-23", "01 W-24");
    const plain = decodeMessage('{"id":1,"method":"m"}');
    const message = decodeMessage(`{"jsonrpc":"2.0","x":[],"id":1,"method":"m","trace":${trace}}`);
    expect(message).toEqual({ ...plain, trace: JSON.parse(trace) });
  },
);

test("a request carries the trace that it is given, and none otherwise", () => {
  const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  const params = { processId: "p" };
  expect(decodeMessage(encodeRequest(1, "m", params, trace))).toMatchObject({ kind: "request", params, trace });
  expect(encodeRequest(1, "m", params)).toBe('{"id":1,"method":"m","params":{"processId":"p"}}');
});

test.each([
  ["9223372036854775807"],
  ["-9223372036854775808"],
  ["9007199254740993"],
  ["-9007199254740993"],
  ["9007199254740991"],
  ["0"],
  ["-1"],
  ['""'],
  ['"\\u0000ä"'],
  ['"12"'],
])("the id %s comes back digit for digit", (id) => {
  verifies("01 W-22", "01 B-11");
  const message = decodeMessage(`{"id":${id},"method":"m"}`);
  if (message.kind !== "request") throw new Error(`${id} was taken for a ${message.kind}`);
  const echoed = /^\{"id":(.*),"result":null\}$/.exec(encodeResult(message.id, null))?.[1] ?? "";
  expect(id.startsWith('"') ? JSON.parse(echoed) : echoed).toBe(id.startsWith('"') ? JSON.parse(id) : id);
});

test("every integer of 64 bits is an id that is echoed exactly", () => {
  verifies("01 W-22", "01 B-11");
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (id) => {
      const message = decodeMessage(`{ "method" : "m" , "id" : ${id} }`);
      if (message.kind !== "request") throw new Error(`${id} was taken for a ${message.kind}`);
      expect(encodeError(message.id, new RpcError(-1, "no"))).toBe(`{"error":{"code":-1,"message":"no"},"id":${id}}`);
    }),
  );
});

test("minus zero comes back as zero", () => {
  verifies("01 W-22");
  const message = decodeMessage('{"id":-0,"method":"m"}');
  expect(message.kind === "request" && encodeResult(message.id, 1)).toBe('{"id":0,"result":1}');
});

test("whatever arrives, decoding answers with a value", () => {
  verifies("01 W-31");
  const bytes = fc.oneof(fc.uint8Array(), fc.json(), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(bytes, (data) => {
      const message = decodeMessage(data);
      if (message.kind === "malformed") expect(message.detail).not.toBe("");
    }),
    { numRuns: 1_000 },
  );
});

test("bytes that are not UTF-8 are malformed, and white space around a message is nothing", () => {
  verifies("01 W-10", "01 W-31");
  expect(decodeMessage(Buffer.from('{"id":1,"method":"\xff"}', "latin1"))).toMatchObject({ kind: "malformed" });
  expect(decodeMessage(Buffer.from(' \r\n{"method":"m"}\t\n'))).toMatchObject({ kind: "notification" });
  expect(decodeMessage('{"method":"m"}{"method":"m"}')).toMatchObject({ kind: "malformed" });
});

test("a malformed message is answered with the id -1 and names where it came from", () => {
  verifies("01 W-31");
  const answer = (transport: string) => JSON.parse(encodeMalformed(transport, "127.0.0.1:5", "no object"));
  expect(answer("websocket")).toEqual({
    id: -1,
    error: {
      code: -32600,
      message: "failed to parse websocket JSON-RPC message from exec-server websocket 127.0.0.1:5: no object",
    },
  });
  expect(answer("stdio").error.message).toBe("failed to parse JSON-RPC message from exec-server stdio: no object");
});

test("nothing that is sent has a version, and only an error with data has data", () => {
  verifies("01 W-19", "01 W-20");
  expect(JSON.parse(encodeRequest("a", "m", { x: null }))).toEqual({ id: "a", method: "m", params: { x: null } });
  expect(JSON.parse(encodeNotification("m", {}))).toEqual({ method: "m", params: {} });
  expect(JSON.parse(encodeResult(7, { x: null }))).toEqual({ id: 7, result: { x: null } });
  expect(JSON.parse(encodeError(7, new RpcError(-1, "no")))).toEqual({ id: 7, error: { code: -1, message: "no" } });
  expect(JSON.parse(encodeError(7, new RpcError(-1, "no", { data: { a: 1 } }))).error.data).toEqual({ a: 1 });
});
