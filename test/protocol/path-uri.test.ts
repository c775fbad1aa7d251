import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  inferConvention,
  type PathConvention,
  type PathHost,
  PathUri,
  PathUriError,
  type PathUriFault,
  parseWirePath,
} from "../../src/protocol/path-uri/index.ts";
import { verifies } from "../rules/verifies.ts";

const linux: PathHost = { os: "linux" };
const windows: PathHost = { os: "windows" };

const outcome = z.union([
  z.strictObject({ ok: z.union([z.string(), z.boolean(), z.null(), z.array(z.string())]) }),
  z.strictObject({ okHex: z.string() }),
  z.strictObject({ err: z.string() }),
]);
type Outcome = z.output<typeof outcome>;

const row = z.object({
  id: z.string(),
  op: z.string(),
  input: z.string().optional(),
  inputHex: z.string().optional(),
  arg: z.string().default(""),
  expected: outcome,
  expectedJuly: outcome.optional(),
});
type Row = z.output<typeof row>;

const { rows } = z
  .object({ rows: z.array(row) })
  .parse(JSON.parse(readFileSync(new URL("./path-uri-vectors.json", import.meta.url), "utf8")));

/** The operations of the data file, by their names there, and `wire` with native paths switched off. */
const operations: Record<string, (input: string, arg: string, row: Row) => Outcome> = {
  parse: (input) => ({ ok: PathUri.parse(input, linux).toString() }),
  wire: (input) => ({ ok: parseWirePath(input, linux).toString() }),
  strictWire: (input) => ({ ok: parseWirePath(input, linux, { acceptNative: false }).toString() }),
  convention: (input) => ({ ok: PathUri.parse(input, linux).convention }),
  basename: (input) => ({ ok: PathUri.parse(input, linux).basename() }),
  parent: (input) => ({ ok: PathUri.parse(input, linux).parent()?.toString() ?? null }),
  ancestors: (input) => ({ ok: [...PathUri.parse(input, linux).ancestors()].map(String) }),
  join: (input, arg) => ({ ok: PathUri.parse(input, linux).join(arg, linux).toString() }),
  toNative: (input, _, { expected }) => {
    const uri = PathUri.parse(input, linux);
    return "okHex" in expected
      ? { okHex: Buffer.from(uri.toNativeBytes(linux)).toString("hex") }
      : { ok: uri.toNative(linux) };
  },
  render: (input, arg) => ({ ok: PathUri.parse(input, linux).render(named(arg)) }),
  renderInferred: (input) => ({ ok: PathUri.parse(input, linux).display() }),
  fromNative: (input, arg) => ({ ok: PathUri.fromText(input, named(arg)).toString() }),
  inferNative: (input) => ({ ok: inferConvention(input) }),
  fromHost: (input, _, { inputHex }) => {
    const path = inputHex === undefined ? input : Buffer.from(inputHex, "hex");
    return { ok: PathUri.fromNative(path, linux).toString() };
  },
  startsWith: (input, arg) => ({ ok: PathUri.parse(input, linux).startsWith(PathUri.parse(arg, linux)) }),
};

function named(convention: string): PathConvention {
  return z.enum(["posix", "windows"]).parse(convention);
}

function run(row: Row): Outcome {
  try {
    const operation = operations[row.op];
    if (operation === undefined) throw new Error(`no operation ${row.op}`);
    return operation(row.input ?? "", row.arg, row);
  } catch (error) {
    if (!(error instanceof PathUriError)) throw error;
    return { err: error.message };
  }
}

const resolved = "absolute text is resolved instead of losing its dot segments (P-41)";
const keptCharacter = "a line break or tab in a name is encoded: without it another file is named (P-39)";
const keptName = "a POSIX name `C:` or `C|` below the root stays a name: as a drive its own host refuses it (P-26)";

/** Where we differ from the reference on purpose: why, and what we do instead. */
const deviations: Record<string, { reason: string; ours: string }> = {
  "VJ-15": { reason: resolved, ours: "file:///tmp/b" },
  "VJ-17": { reason: resolved, ours: "file:///tmp/" },
  "VJ-49": { reason: resolved, ours: "file:///D:/tmp/b" },
  "VF-07": { reason: resolved, ours: "file:///x" },
  "VF-08": { reason: resolved, ours: "file:///a/b" },
  "VF-31": { reason: resolved, ours: "file:///C:/b" },
  "VJ-25": { reason: keptCharacter, ours: "file:///workspace/a%0Ab" },
  "VJ-26": { reason: keptCharacter, ours: "file:///workspace/a%09b" },
  "VH-24": { reason: keptName, ours: "file:///C%3A/x" },
  "VH-25": { reason: keptName, ours: "file:///C%3A" },
  "VW-16": { reason: keptName, ours: "file:///C%3A/x" },
  "VF-05": { reason: keptName, ours: "file:///C%3A/x" },
  "VJ-27": { reason: keptName, ours: "file:///C%3A" },
  "VJ-28": { reason: keptName, ours: "file:///C|" },
  "VJ-29": { reason: keptName, ours: "file:///C%3A/x" },
};

describe("the vectors recorded from the reference", () => {
  // What the rows of each operation show.
  verifies("04 P-1", "04 P-2", "04 P-3", "04 P-4", "04 P-5", "04 P-6", "04 P-7", "04 P-8"); // parse, up to the host
  verifies("04 P-9", "04 P-10", "04 P-11", "04 P-12", "04 P-13", "04 P-16", "04 P-17", "04 P-18"); // parse, the path and the checks
  verifies("04 P-29", "04 P-30", "04 P-31", "04 P-35"); // parse, of opaque fallbacks
  verifies("04 P-20", "04 P-33"); // convention
  verifies("04 P-34", "04 P-36", "04 P-37", "04 P-38"); // basename, parent, ancestors
  verifies("04 P-39", "04 P-40", "04 P-41"); // join
  verifies("04 P-21", "04 P-22", "04 P-23", "04 P-24", "04 P-32"); // toNative
  verifies("04 P-26", "04 P-27"); // fromHost
  verifies("04 P-42"); // startsWith
  verifies("04 P-43", "04 P-44", "04 P-45", "04 P-46"); // fromNative, inferNative
  verifies("04 P-47", "04 P-48"); // render, renderInferred
  verifies("04 P-49"); // wire

  test("are all there", () => {
    expect(rows).toHaveLength(400);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(400);
    expect(Object.keys(deviations).filter((id) => !rows.some((row) => row.id === id))).toEqual([]);
  });

  test.each(rows)("$id: $op", (row) => {
    const deviation = deviations[row.id];
    expect(run(row)).toEqual(deviation === undefined ? row.expected : { ok: deviation.ours });
    if (deviation === undefined) return;
    expect(deviation.ours, "a listed row must differ").not.toBe("ok" in row.expected && row.expected.ok);
    if (deviation.reason === resolved) expect(row.expectedJuly).toEqual({ ok: deviation.ours });
  });

  test.each(rows.filter(({ op }) => op === "wire"))("$id: without native paths", ({ input = "", ...row }) => {
    verifies("04 P-50");
    expect(run({ ...row, op: "strictWire", input })).toEqual(row.expectedJuly ?? row.expected);
  });
});

/** The fault and the text of what `action` throws. */
function refusal(action: () => unknown): [PathUriFault, string] {
  try {
    action();
  } catch (error) {
    if (error instanceof PathUriError) return [error.fault, error.message];
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("parsing", () => {
  test.each([
    ["file:///a/C:/../x", "file:///a/x"], // only a leading drive is protected
    ["file:///C|/../x", "file:///x"],
    ["file:///C:/C:/../..", "file:///C:/"],
    ["file:///a/../C|/x", "file:///C|/x"],
    ["file:///a/../../C|/x", "file:///C:/x"],
    ["file:/a/../C|/x", "file:///C:/x"],
    ["file://h//C:/x", "file:///C:/x"], // the reference keeps the host here, and drops it on the next reading
    ["file://h//C:/..", "file:///C:/"],
    ["file://h/C|/x", "file:///C:/x"],
    ["file:///x/../%00/bad/path/YQ", "file:///%00/bad/path/YQ"],
    ["file:////%00/bad/path/YQ", "file:///%00/bad/path/YQ"],
    ["file://lo%63al\thost/x", "file:///x"],
    ["file://a。b/x", "file://a.b/x"],
    ["file://0x/x", "file://0.0.0.0/x"],
    ["file://[::FFFF:1.2.3.4]/x", "file://[::ffff:102:304]/x"],
  ])("%s is %s", (text, canonical) => {
    expect(PathUri.parse(text).toString()).toBe(canonical);
  });

  test.each([
    ["file://%C2%AD/x", "badHost", "invalid URI: empty host"],
    ["file://xn--a/x", "badHost", "invalid URI: invalid international domain name"],
    ["file://xn--0.pt/x", "badHost", "invalid URI: invalid international domain name"],
    ["file://u@[::1]/x", "badHost", "invalid URI: invalid international domain name"],
    ["file://[::1]:80/x", "badHost", "invalid URI: invalid IPv6 address"],
    ["file://[::1/x", "badHost", "invalid URI: invalid IPv6 address"],
    ["file://1..2/x", "badHost", "invalid URI: invalid IPv4 address"],
    ["file://[zz]?x", "badHost", "invalid URI: invalid IPv6 address"],
    ["file:///a#b?c", "fragment", "fragments are not allowed in path URIs"],
    ["file://h/%00/bad/path/YQ", "malformed", "'file://h/%00/bad/path/YQ' is invalid on 'macos'"],
    ["1a:b", "noScheme", "invalid URI: relative URL without a base"],
    ["file:///\ud800", "notText", "path text is not well-formed Unicode"],
  ])("%j is refused", (text, fault, message) => {
    expect(refusal(() => PathUri.parse(text, { os: "macos" }))).toEqual([fault, message]);
  });

  test("the error is a Proctor error with a stable code and names no system when no host was given", () => {
    const error = new PathUriError("malformed", "x");
    expect([error.code, error.name, error.effect]).toEqual(["pathUri", "PathUriError", "notApplied"]);
    expect(refusal(() => PathUri.parse("file:///%00"))).toEqual(["malformed", "'file:///%00' is invalid"]);
  });

  test("serializes as its canonical string and compares by it", () => {
    verifies("04 P-19");
    const uri = PathUri.parse("file:///a/./b");
    expect(JSON.stringify({ uri })).toBe('{"uri":"file:///a/b"}');
    expect(uri.equals(PathUri.parse("FILE:/a/b"))).toBe(true);
    expect(uri.equals(PathUri.parse("file:///a/B"))).toBe(false);
    expect(uri).not.toEqual(PathUri.parse("file:///a/c"));
    expect(Object.isFrozen(uri)).toBe(true);
  });
});

describe("a path field of a request", () => {
  test.each(["~", "~/x", "~x"])("%s is relative, not a home directory", (text) => {
    verifies("04 P-52");
    expect(refusal(() => parseWirePath(text, linux))).toEqual(["notAbsolute", `path is not absolute: ${text}`]);
  });

  test("a Windows host takes its own absolute paths", () => {
    verifies("04 P-49");
    expect(parseWirePath("C:\\a\\..\\b\\", windows).toString()).toBe("file:///C:/b");
    expect(parseWirePath("\\\\srv\\share\\x", windows).toString()).toBe("file://srv/share/x");
    expect(refusal(() => parseWirePath("C:x", windows))[1]).toBe("unsupported path URI scheme `c`");
    expect(refusal(() => parseWirePath("/x", windows))[1]).toBe("path is not absolute: /x");
  });

  test("without a host native text is POSIX", () => {
    expect(parseWirePath("/a b").toString()).toBe("file:///a%20b");
    expect(refusal(() => parseWirePath("C:\\x"))[1]).toBe("unsupported path URI scheme `c`");
    expect(refusal(() => parseWirePath("a"))[1]).toBe("path is not absolute: a");
  });
});

describe("native paths", () => {
  const raw = "file:///tmp/non-utf8-%FF";

  test("a path that is not UTF-8 is given as bytes and refused as text", () => {
    verifies("04 P-22");
    const uri = PathUri.parse(raw);
    expect(refusal(() => uri.toNative(linux))).toEqual(["notText", `the native path of '${raw}' is not Unicode text`]);
    const bytes = Buffer.from("/tmp/non-utf8-\xff", "latin1");
    expect(Buffer.from(uri.toNativeBytes(linux)).equals(bytes)).toBe(true);
    expect(uri.toSystemPath(linux)).toEqual(new Uint8Array(bytes));
    expect(PathUri.parse("file:///%C3%A4").toSystemPath(linux)).toBe("/ä");
  });

  test("a byte order mark in a name survives", () => {
    expect(PathUri.fromNative("/\ufeffa", linux).toNative(linux)).toBe("/\ufeffa");
    expect(PathUri.parse("file:///%EF%BB%BFa").basename()).toBe("\ufeffa");
  });

  test.each([
    ["file:///%00/bad/path/L3RtcC9udWxsLQAt_y1ieXRl", linux],
    ["file:///%00/bad/path/L2EAYg", linux],
    ["file:///%00/bad/path/QwA6AFwAYQAAAGIA", windows],
  ])("no system call gets the NUL of %s", (text, host) => {
    verifies("04 P-28", "04 P-32");
    const uri = PathUri.parse(text, host);
    expect(uri.toNativeBytes(host).includes(0)).toBe(true);
    const refused: [PathUriFault, string] = ["nulByte", "file name contained an unexpected NUL byte"];
    expect(refusal(() => uri.toSystemPath(host))).toEqual(refused);
  });

  test.each([
    ["file:///C:/Users/a%20b/", "C:\\Users\\a b"],
    ["file:///C:", "C:\\"],
    ["file:///C:/a%2F..%5Cb", "C:\\b"],
    ["file:///C:/%2E%2E%2F..%2Fb", "C:\\b"],
    ["file://server/share/x", "\\\\server\\share\\x"],
    ["file://server/share/..%2F..%2Fx", "\\\\server\\share\\x"],
    ["file:///%00/bad/path/XABcAC4AXABDAE8ATQAxAFwA", "\\\\.\\COM1\\"],
  ])("%s is %s on Windows", (text, native) => {
    verifies("04 P-25");
    expect(PathUri.parse(text).toNative(windows)).toBe(native);
  });

  test.each([
    "file:///a/b",
    "file:///C%3A/x",
    "file:///C:/%FF",
    "file://server/",
    "file://server/..%2Fx",
    "file://server/a%5Cb/x",
    "file://./pipe/x", // would be the device namespace
    "file:///%00/bad/path/QwA6AFwA", // C:\ in opaque clothing
    "file:///%00/bad/path/YQ",
  ])("%s is refused on Windows", (text) => {
    verifies("04 P-21", "04 P-25");
    const uri = PathUri.parse(text);
    expect(refusal(() => uri.toNative(windows))).toEqual(["foreign", `'${text}' is invalid on 'windows'`]);
  });

  test.each([
    ["\\\\?\\C:\\a\\b", "file:///C:/a/b"],
    ["\\\\.\\c:/a/./b/", "file:///c:/a/b"],
    ["\\\\?\\UNC\\Server\\share\\x", "file://server/share/x"],
    ["//./unc/server/share/", "file://server/share"],
    ["C:\\", "file:///C:/"],
    ["\\\\server\\C:\\x", "file://server/C%3A/x"], // spelled as a drive it would push the server out
  ])("the Windows path %s is %s", (path, uri) => {
    verifies("04 P-28");
    expect(PathUri.fromNative(path, windows).toString()).toBe(uri);
    expect(PathUri.parse(uri).toString()).toBe(uri);
  });

  test.each([
    "\\\\.\\COM1",
    "\\\\?\\Volume{0}\\x",
    "\\\\localhost\\share\\x",
    "\\\\bad host\\share",
    "\\\\%41\\share",
    "C:\\a\ud800b",
  ])("the Windows path %j becomes a fallback that gives it back", (path) => {
    verifies("04 P-28");
    const uri = PathUri.fromNative(path, windows);
    expect(uri.isOpaque).toBe(true);
    expect(uri.convention).toBe("windows");
    expect(uri.toNative(windows)).toBe(path);
  });

  test("half a surrogate pair has no UTF-8 form, so it is refused rather than replaced", () => {
    expect(refusal(() => PathUri.fromNative("/a\ud800", linux))[0]).toBe("notText");
    expect(refusal(() => PathUri.fromText("/a\ud800"))[0]).toBe("notText");
    expect(refusal(() => PathUri.parse("file:///a").join("\ud800"))[0]).toBe("notText");
    expect(refusal(() => PathUri.fromNative("C:\\\ud800", windows).toNativeBytes(windows))[0]).toBe("notText");
    expect(refusal(() => PathUri.fromNative(Uint8Array.of(0x43, 0x3a, 0x5c, 0xff), windows))[0]).toBe("notText");
  });

  test("a NUL that resolution removes leaves an ordinary path", () => {
    expect(PathUri.fromNative("/a\0/../b", linux).toString()).toBe("file:///b");
  });
});

describe("joining and text", () => {
  test("a share named like a drive does not push out its server", () => {
    const server = PathUri.parse("file://server/");
    expect(server.join(".\\C:\\x").toString()).toBe("file://server/C%3A/x");
    expect(server.join("C|").toString()).toBe("file://server/C%7C");
  });

  test("an absolute bare drive or share stops `..` and keeps its slash", () => {
    const base = PathUri.parse("file:///D:/x");
    expect(base.join("C:\\..\\..").toString()).toBe("file:///C:/");
    expect(base.join("\\\\s\\share\\..\\..\\x\\").toString()).toBe("file://s/share/x/");
  });

  test("the convention is guessed when none is named", () => {
    verifies("04 P-45");
    expect(PathUri.fromText("C:/x").toString()).toBe("file:///C:/x");
    expect(refusal(() => PathUri.fromText("x"))).toEqual(["notAbsolute", "path `x` is not absolute"]);
  });

  test("without a host a refusal names no system", () => {
    expect(refusal(() => PathUri.parse("file:///a").join("\0"))[1]).toBe("'\0' is invalid");
  });
});

describe("for every input", () => {
  const scrap = fc.constantFrom(
    ...[
      "/",
      "\\",
      "//",
      "..",
      ".",
      "%2e",
      "%2E%2e",
      "C:",
      "c|",
      "%3A",
      "%00",
      "bad/path",
      "YQ",
      "~",
      "?",
      "#",
      "\t",
      "\n",
    ],
    ...[
      " ",
      "\0",
      "%",
      "%zz",
      "%ff",
      "ä",
      "\u{1f600}",
      "\ud800",
      "server",
      "localhost",
      "[::1]",
      "xn--",
      "1.2",
      "@",
      "^",
    ],
  );
  const scraps = fc.array(fc.oneof({ weight: 5, arbitrary: scrap }, fc.string({ unit: "binary", maxLength: 4 })));
  const text = scraps.map((all) => all.join(""));
  const uriText = fc
    .tuple(fc.constantFrom("file:", "file:/", "file://", "file:///", ""), text)
    .map((all) => all.join(""));
  const host = fc.constantFrom<PathHost>(linux, windows);
  const runs = { numRuns: 2_000 };

  /** A value, or `undefined` where the operation refused; any other exception fails the property. */
  function attempt<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (error instanceof PathUriError) return undefined;
      throw error;
    }
  }

  /** What holds for every path URI, however it was made. */
  function expectSound(uri: PathUri): void {
    expect(PathUri.parse(uri.toString()).toString()).toBe(uri.toString());
    expect(uri.toString()).toMatch(/^file:\/\/[^/]*\/[\x21-\x7e]*$/);
    expect(typeof uri.display()).toBe("string");
    const all = [...uri.ancestors()];
    for (const above of all) {
      expect(PathUri.parse(above.toString()).toString()).toBe(above.toString());
      expect(above.convention).toBe(uri.convention);
    }
  }

  test("parsing is total, and its canonical form is a fixed point", () => {
    verifies("04 P-19");
    fc.assert(
      fc.property(uriText, (input) => {
        const uri = attempt(() => PathUri.parse(input));
        if (uri !== undefined) expectSound(uri);
      }),
      runs,
    );
  });

  test("native and written text give sound URIs or typed errors", () => {
    fc.assert(
      fc.property(uriText, text, host, (uri, path, host) => {
        const made = [
          attempt(() => parseWirePath(path, host)),
          attempt(() => PathUri.fromNative(path, host)),
          attempt(() => PathUri.fromNative(`\\\\${path}`, host)),
          attempt(() => PathUri.fromText(`/${path}`)),
          attempt(() => PathUri.fromText(`C:\\${path}`)),
          attempt(() => PathUri.parse(uri).join(path)),
        ];
        for (const one of made) if (one !== undefined) expectSound(one);
      }),
      runs,
    );
  });

  test("a native path converts to a URI that its own host takes back", () => {
    fc.assert(
      fc.property(uriText, host, (input, host) => {
        const uri = attempt(() => PathUri.parse(input));
        const native = uri && attempt(() => uri.toNative(host));
        if (native === undefined) return;
        const again = PathUri.fromNative(native, host);
        expect(again.toNative(host)).toBe(native);
      }),
      runs,
    );
  });

  test("every POSIX path of arbitrary bytes survives the round trip", () => {
    const byte = fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constantFrom(...Buffer.from("%/\\.:|~Cc \t\n\r")));
    const name = fc
      .array(byte, { minLength: 1, maxLength: 6 })
      .map((bytes) => Buffer.from(bytes.filter((one) => one !== 0x2f)))
      .filter((name) => name.length > 0 && !["", ".", ".."].includes(name.toString("latin1")));
    const path = fc.array(name).map((names) => Buffer.concat(names.flatMap((name) => [Buffer.from("/"), name])));
    fc.assert(
      fc.property(path, (bytes) => {
        const native = bytes.length === 0 ? Buffer.from("/") : bytes;
        const uri = PathUri.fromNative(native, linux);
        expect(uri.convention).toBe("posix");
        expect(Buffer.from(uri.toNativeBytes(linux)).toString("hex")).toBe(native.toString("hex"));
        expect(PathUri.parse(uri.toString()).equals(uri)).toBe(true);
      }),
      runs,
    );
  });

  test("relative text never leads out of the root, the drive or the share", () => {
    const bases = [
      "file:///",
      "file:///a/b",
      "file:///a//b//",
      "file:///C:",
      "file:///C:/a",
      "file://s/share",
      "file://s/",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...bases), text, (baseText, relative) => {
        const base = PathUri.parse(baseText);
        fc.pre(!relative.startsWith("/") && !/^[\\/]{2}|^[A-Za-z]:/.test(relative));
        const joined = attempt(() => base.join(relative));
        if (joined === undefined) return;
        expect(joined.convention).toBe(base.convention);
        const root = [...base.ancestors()].at(-1) ?? base;
        expect(joined.startsWith(root)).toBe(true);
        if (base.convention === "posix") expect(joined.toNative(linux).startsWith("/")).toBe(true);
      }),
      runs,
    );
  });

  test("a joined name is the base name of the result, and the base its parent", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1 }).filter((one) => !/[/\0]|^\.{1,2}$/.test(one));
    fc.assert(
      fc.property(fc.constantFrom("file:///", "file:///a/b"), name, (baseText, name) => {
        const base = PathUri.parse(baseText);
        const joined = base.join(name);
        expect(joined.basename()).toBe(name);
        expect(joined.parent()?.equals(base)).toBe(true);
        expect(joined.startsWith(base)).toBe(true);
        expect(joined.toNative(linux).endsWith(`/${name}`)).toBe(true);
      }),
      runs,
    );
  });
});
