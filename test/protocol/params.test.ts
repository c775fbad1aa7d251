import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeParams } from "../../src/protocol/decode.ts";
import { RpcError } from "../../src/protocol/errors.ts";
import { type RequestName, requests } from "../../src/protocol/methods.ts";
import { verifies } from "../rules/verifies.ts";

/** What a field takes, for building right values and wrong ones (01 section 10). */
type Kind =
  | "string"
  | "bool"
  | "u64"
  | "uri"
  | "bytes"
  | "strings"
  | "map"
  | "headers"
  | "walk"
  | "openMode"
  | "interrupt"
  | "cells"
  | "signal"
  | "policy";
interface Field {
  readonly kind: Kind;
  /** `optional`: absent or null; `default`: absent, not null; `required`: neither (01 W-26). */
  readonly presence: "required" | "optional" | "default";
}

const required = (kind: Kind): Field => ({ kind, presence: "required" });
const optional = (kind: Kind): Field => ({ kind, presence: "optional" });
const defaulted = (kind: Kind): Field => ({ kind, presence: "default" });

const onPath = { path: required("uri") };
/** These take nothing. */
const unit = ["environment/info", "session/list", "session/end"] as const;
const methods: Readonly<Record<Exclude<RequestName, (typeof unit)[number]>, Readonly<Record<string, Field>>>> = {
  initialize: { clientName: required("string"), resumeSessionId: optional("string") },
  "process/start": {
    processId: required("string"),
    argv: required("strings"),
    cwd: required("uri"),
    env: required("map"),
    tty: required("bool"),
    pipeStdin: defaulted("bool"),
    arg0: optional("string"),
    startId: optional("string"),
    envPolicy: optional("policy"),
    enforceManagedNetwork: defaulted("bool"),
  },
  "process/read": {
    processId: required("string"),
    afterSeq: optional("u64"),
    maxBytes: optional("u64"),
    waitMs: optional("u64"),
  },
  "process/write": { processId: required("string"), chunk: required("bytes"), writeId: required("string") },
  "process/signal": { processId: required("string"), signal: required("interrupt") },
  "process/terminate": { processId: required("string") },
  "process/closeStdin": { processId: required("string") },
  "process/resize": { processId: required("string"), rows: required("cells"), cols: required("cells") },
  "process/kill": { processId: required("string"), signal: required("signal") },
  "session/observe": { observerKey: required("string") },
  "fs/readFile": onPath,
  "fs/writeFile": { ...onPath, dataBase64: required("string") },
  "fs/createDirectory": { ...onPath, recursive: optional("bool") },
  "fs/getMetadata": onPath,
  "fs/canonicalize": onPath,
  "fs/readDirectory": onPath,
  "fs/remove": { ...onPath, recursive: optional("bool"), force: optional("bool") },
  "fs/copy": { sourcePath: required("uri"), destinationPath: required("uri"), recursive: required("bool") },
  "fs/open": { ...onPath, handleId: required("string"), mode: optional("openMode") },
  "fs/readBlock": { handleId: required("string"), offset: required("u64"), len: required("u64") },
  "fs/writeBlock": { handleId: required("string"), offset: required("u64"), chunk: required("bytes") },
  "fs/close": { handleId: required("string") },
  "fs/walk": { ...onPath, options: required("walk") },
  "http/request": {
    method: required("string"),
    url: required("string"),
    requestId: required("string"),
    headers: defaulted("headers"),
    bodyBase64: optional("bytes"),
    timeoutMs: optional("u64"),
    streamResponse: defaulted("bool"),
  },
  "http/request/cancel": { requestId: required("string") },
};

const map = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });
const right: Readonly<Record<Kind, fc.Arbitrary<unknown>>> = {
  string: fc.string({ unit: "binary" }),
  bool: fc.boolean(),
  u64: fc.oneof(fc.nat(), fc.constantFrom(Number.MAX_SAFE_INTEGER, 2n ** 64n - 1n)),
  uri: fc.constantFrom("/tmp", "file:///tmp", "file:///tmp/%C3%A9", "file:///C:/x"),
  bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64")),
  strings: fc.array(fc.string()),
  map,
  headers: fc.array(fc.record({ name: fc.string(), value: fc.string() })),
  walk: fc.record({
    maxDepth: fc.nat(),
    maxDirectories: fc.nat(),
    maxEntries: fc.nat(),
    followDirectorySymlinks: fc.boolean(),
  }),
  openMode: fc.constantFrom("read", "replace", "update"),
  interrupt: fc.constant("interrupt"),
  cells: fc.integer({ min: 1, max: 65_535 }),
  signal: fc.constantFrom("SIGTERM", "SIGUSR1", "SIGWINCH"),
  policy: fc.record({
    inherit: fc.constantFrom("all", "core", "none"),
    ignoreDefaultExcludes: fc.boolean(),
    exclude: fc.array(fc.string()),
    set: map,
    includeOnly: fc.array(fc.string()),
  }),
};

const anything = fc.constantFrom<unknown>(
  true,
  0,
  1,
  -1,
  1.5,
  Number.NaN,
  -1n,
  2n ** 64n,
  "",
  "x",
  "AAA",
  [],
  [1],
  {},
  { a: 1 },
  { a: "b" },
);
/** Whether a value is right for a field all the same. */
const accepts: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  bool: (value) => typeof value === "boolean",
  u64: (value) =>
    (typeof value === "bigint" && value >= 0n && value < 2n ** 64n) ||
    (Number.isSafeInteger(value) && Number(value) >= 0),
  uri: () => false,
  bytes: (value) => value === "",
  strings: (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
  map: (value) =>
    typeof value === "object" &&
    !Array.isArray(value) &&
    Object.values(value ?? {}).every((item) => typeof item === "string"),
  headers: (value) => Array.isArray(value) && value.length === 0,
  walk: () => false,
  openMode: () => false,
  interrupt: () => false,
  cells: (value) => value === 1,
  signal: () => false,
  policy: () => false,
};

const names = Object.keys(methods) as (keyof typeof methods)[];

/** Right params of a method; optional fields may be missing or null, and there may be members that nobody knows. */
function rightParams(fields: Readonly<Record<string, Field>>): fc.Arbitrary<Record<string, unknown>> {
  const values = Object.entries(fields).map(([name, { kind, presence }]) => {
    const missing = presence === "required" ? [] : presence === "optional" ? [undefined, null] : [undefined];
    const value = missing.length === 0 ? right[kind] : fc.oneof(right[kind], fc.constantFrom(...missing));
    return value.map((chosen) => (chosen === undefined ? {} : { [name]: chosen }));
  });
  return fc
    .tuple(...values, fc.constantFrom({}, { unknown: { deep: [1] } }))
    .map((parts) => Object.assign({}, ...parts));
}

function refusal(method: RequestName, params: unknown): RpcError {
  try {
    decodeParams(method, params);
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  return expect.fail(
    `${method} took ${JSON.stringify(params, (_, value) => (typeof value === "bigint" ? String(value) : value))}`,
  );
}

it("every method of the protocol is looked at", () => {
  expect([...names, ...unit].sort()).toEqual(Object.keys(requests).sort());
});

describe.each(names)("the params of %s", (method) => {
  const fields = methods[method];

  it("decode when they are right, whatever optional members are missing, null or unknown (01 W-24, W-26)", () => {
    verifies("01 W-24", "01 W-26", "01 W-27");
    fc.assert(fc.property(rightParams(fields), (params) => void decodeParams(method, params)));
  });

  it("are refused with -32602 that names the field when one of them is wrong or missing (01 W-26, W-32)", () => {
    verifies("01 W-26", "01 W-32", "01 W-27");
    const mutation = fc
      .constantFrom(...Object.keys(fields))
      .chain((name) => fc.tuple(fc.constant(name), fc.oneof(anything, fc.constantFrom(undefined, null))));
    fc.assert(
      fc.property(rightParams(fields), mutation, (params, [name, value]) => {
        const { kind, presence } = fields[name]!;
        const { [name]: _, ...without } = params;
        const mutated = value === undefined ? without : { ...params, [name]: value };
        const stillRight =
          value === undefined
            ? presence !== "required"
            : value === null
              ? presence === "optional"
              : accepts[kind](value);
        if (stillRight) return void decodeParams(method, mutated);
        const error = refusal(method, mutated);
        expect(error.rpcCode).toBe(-32602);
        expect(error.message).toContain(`\`${name}`);
      }),
    );
  });

  it("are refused when they are no object (01 W-32)", () => {
    verifies("01 W-32", "01 W-30");
    for (const params of [undefined, null, "x", 3, true, [], ["x"]]) {
      const error = refusal(method, params);
      expect(error.rpcCode).toBe(-32602);
      expect(error.message).not.toBe("");
    }
  });
});

it("environment/info takes nothing: absent, null or {} (01 W-32)", () => {
  verifies("01 W-32");
  for (const params of [undefined, null, {}]) decodeParams("environment/info", params);
  for (const params of [{ a: 1 }, [], "x", 0, false]) expect(refusal("environment/info", params).rpcCode).toBe(-32602);
});
