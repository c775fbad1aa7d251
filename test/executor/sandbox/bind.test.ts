import { expect, test } from "vitest";
import { bindSandbox } from "../../../src/executor/sandbox/bind.ts";
import { PathUri } from "../../../src/protocol/path-uri/index.ts";
import { sandboxContext } from "../../../src/protocol/sandbox.ts";
import { verifies } from "../../rules/verifies.ts";

const special = (kind: string, subpath?: string) => ({
  path: { type: "special", value: { kind, subpath } },
  access: "write",
});

/** What entries are bound to, with a workspace in `/w` unless the context says otherwise. */
function bound(entries: readonly object[], context: object = {}, tmpdir?: string) {
  const permissions = { type: "managed", file_system: { type: "restricted", entries }, network: "restricted" };
  return bindSandbox(sandboxContext.parse({ permissions, windowsSandboxLevel: "disabled", ...context }), {
    host: { os: "linux" },
    requestCwd: PathUri.parse("file:///w"),
    tmpdir,
  })?.files;
}
const pathsOf = (...of: Parameters<typeof bound>) => bound(...of)?.entries.map(({ path }) => path);

test("project roots are the workspace roots, or else the policy's cwd, or else the request's", () => {
  verifies("05 SB-B3", "05 SB-B4");
  const roots = [special("project_roots", "a/./b/../c")];
  expect(pathsOf(roots)).toEqual(["/w/a/c"]);
  expect(pathsOf(roots, { cwd: "file:///o" })).toEqual(["/o/a/c"]);
  expect(pathsOf(roots, { cwd: "file:///o", workspaceRoots: ["file:///x/", "file:///y"] })).toEqual([
    "/x/a/c",
    "/y/a/c",
  ]);
});

test.each(["../x", "/x", "~/x", "a/../../x"])("the sub-path %s, which leaves its root, is refused", (subpath) => {
  verifies("05 SB-B5");
  expect(() => bound([special("project_roots", subpath)])).toThrow("leaves its project root");
});

test.each([
  ["/t/", ["/t"]],
  ["/w/tmp", ["/w/tmp"]],
  ["/", []],
  ["/w", []],
  ["relative", []],
  ["", []],
])("TMPDIR %j grants %j", (tmpdir, expected) => {
  verifies("05 SB-B7");
  expect(pathsOf([special("tmpdir")], {}, tmpdir)).toEqual(expected);
});

test("patterns are counted from each root, from the cwd or from the top", () => {
  verifies("05 SB-B6");
  const glob = (pattern: string) => ({ path: { type: "glob_pattern", pattern }, access: "deny" });
  const context = { cwd: "file:///o", workspaceRoots: ["file:///x"] };
  expect(bound([glob("codex-project-roots://*.a"), glob("*.b"), glob("/c/*.d")], context)?.denyGlobs).toEqual([
    { base: "/x", pattern: "*.a" },
    { base: "/o", pattern: "*.b" },
    { base: "/", pattern: "c/*.d" },
  ]);
});

test.each([
  [[special("minimal")], true],
  [[special("minimal"), special("root")], false],
  [[special("minimal"), special("root"), { path: { type: "path", path: "/x" }, access: "deny" }], true],
  [[{ ...special("minimal"), access: "deny" }], false],
  [[special("project_roots")], false],
])("the system's own directories come with %j: %s", (entries, expected) => {
  verifies("05 SB-A6");
  const files = bound(entries);
  // A writable root without anything taken back is no confinement at all.
  expect(files?.platformDefaults ?? false).toBe(expected);
});

test("the places without a path bind to nothing, the root to /, and /tmp only to a directory", () => {
  verifies("05 SB-B8");
  const unknown = { path: { type: "special", value: { kind: "unknown", path: ":new" } }, access: "write" };
  const read = { ...special("root"), access: "read" };
  expect(bound([special("minimal"), unknown, read, special("slash_tmp")])?.entries).toEqual([
    { path: "/", access: "read" },
    { path: "/tmp", access: "write", onlyDirectory: true },
  ]);
});

test.each([
  ["a path", [{ path: { type: "path", path: "file:///C:/x" }, access: "write" }], {}],
  [
    "a path that would narrow a writable root",
    [special("root"), { path: { type: "path", path: "file://host/x" }, access: "deny" }],
    {},
  ],
  ["a workspace root", [special("root")], { workspaceRoots: ["file:///C:/x"] }],
  ["the policy's cwd", [special("root")], { cwd: "file:///C:/x" }],
])("%s of another system never selects the way without a sandbox", (_what, entries, context) => {
  verifies("05 SB-B1", "05 SB-B2");
  expect(() => bound(entries, context)).toThrow("is invalid on 'linux'");
});
