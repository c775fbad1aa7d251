import { expect, test } from "vitest";
import {
  hasFullRead,
  needsEnforcement,
  restrictedFiles,
  restrictsNetwork,
} from "../../../src/executor/sandbox/intent.ts";
import { sandboxContext } from "../../../src/protocol/sandbox.ts";
import { verifies } from "../../rules/verifies.ts";

const linux = { os: "linux" } as const;

function contextOf(permissions: unknown) {
  return sandboxContext.parse({ permissions, windowsSandboxLevel: "disabled" });
}

function restricted(...entries: unknown[]) {
  return contextOf({ type: "managed", file_system: { type: "restricted", entries }, network: "restricted" });
}

const special = (kind: string, access: string, subpath?: string) => ({
  path: { type: "special", value: { kind, ...(kind === "unknown" ? { path: ":new" } : {}), subpath } },
  access,
});
const at = (path: string, access: string) => ({ path: { type: "path", path }, access });
const glob = (pattern: string, access: string) => ({ path: { type: "glob_pattern", pattern }, access });
const everything = special("root", "write");

test.each([
  ["disabled", contextOf({ type: "disabled" })],
  ["external", contextOf({ type: "external", network: "restricted" })],
  ["unrestricted", contextOf({ type: "managed", file_system: { type: "unrestricted" }, network: "restricted" })],
  ["write on the root", restricted(everything)],
  ["a read that a write on the same place outranks", restricted(everything, at("/x", "read"), at("/x", "write"))],
  [
    "entries without a path of their own",
    restricted(everything, special("minimal", "read"), special("unknown", "deny")),
  ],
  ["a glob that only grants", restricted(everything, glob("**/*.c", "write"))],
  ["read on the root besides", restricted(everything, special("root", "read"))],
  ["the old form, untyped", contextOf({ file_system: { entries: [everything] } })],
])("needs no enforcement: %s", (_name, context) => {
  verifies("05 SB-A1", "05 SB-A5");
  expect(needsEnforcement(context, linux)).toBe(false);
});

test.each([
  ["no entries", restricted()],
  ["read on the root", restricted(special("root", "read"))],
  ["write on a path only", restricted(at("/tmp", "write"))],
  ["write on the path of the root, which is not the entry `root`", restricted(at("/", "write"))],
  ["a root that is denied", restricted(everything, special("root", "deny"))],
  ["a path that is denied", restricted(everything, at("/secret", "deny"))],
  ["a denied path that is also written", restricted(everything, at("/x", "deny"), at("/x", "write"))],
  ["a path that is only read", restricted(everything, at("/x", "read"))],
  ["a read below a write", restricted(everything, at("/x", "write"), at("/x/y", "read"))],
  ["project roots that are only read", restricted(everything, special("project_roots", "read"))],
  [
    "a part of the project roots",
    restricted(everything, special("project_roots", "read", ".git"), special("project_roots", "write")),
  ],
  ["a glob that denies", restricted(everything, glob("**/*.env", "deny"))],
  ["a glob that reads", restricted(everything, glob("**/*.env", "read"))],
  ["`none`, the old spelling of deny", restricted(everything, at("/secret", "none"))],
  ["a path of another system that is denied", restricted(everything, at("file:///C:/x", "deny"))],
  ["a path of another system that is written", restricted(everything, at("file://server/share", "write"))],
  ["the old form without anything", contextOf({})],
  ["the old form with lists", contextOf({ file_system: { write: ["/"] } })],
])("needs enforcement: %s", (_name, context) => {
  verifies("05 SB-A1", "05 SB-A3", "05 SB-A5", "05 SB-B2");
  expect(needsEnforcement(context, linux)).toBe(true);
});

test("what is foreign depends on the host", () => {
  const windowsPath = restricted(everything, at("file:///C:/x", "write"));
  expect(needsEnforcement(windowsPath, { os: "windows" })).toBe(false);
  expect(needsEnforcement(windowsPath, linux)).toBe(true);
});

test.each([
  [{ type: "disabled" }, false],
  [{ type: "external", network: "enabled" }, false],
  [{ type: "external", network: "restricted" }, true],
  [{ type: "managed", file_system: { type: "unrestricted" }, network: "enabled" }, false],
  [{ type: "managed", file_system: { type: "unrestricted" }, network: "restricted" }, true],
  [{}, true],
  [{ network: { enabled: null } }, true],
  [{ network: { enabled: true } }, false],
])("the network of %j is restricted: %s", (permissions, expected) => {
  expect(restrictsNetwork(contextOf(permissions))).toBe(expected);
});

test.each([
  [[special("root", "read")], true],
  [[special("root", "write"), at("/x", "read")], true],
  [[special("root", "read"), at("/x", "deny")], false],
  [[special("root", "read"), glob("/x/*", "deny")], false],
  [[special("root", "deny"), special("root", "read")], false],
  [[at("/", "read")], false],
  [[special("minimal", "read")], false],
])("all can be read with %j: %s", (entries, expected) => {
  verifies("05 SB-A4");
  expect(hasFullRead(restrictedFiles(restricted(...entries).permissions)?.entries ?? [])).toBe(expected);
});
