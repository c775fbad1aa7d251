import { expect, test } from "vitest";
import { denyMatches } from "../../../src/executor/sandbox/deny-glob.ts";
import { verifies } from "../../rules/verifies.ts";
import { memoryView } from "./memory-view.ts";

const view = memoryView(
  "/w/a.env",
  "/w/.b.env",
  "/w/s/deep.env",
  "/w/s/t/x.env",
  "/w/d.env/file",
  "/w/[x",
  "/w/b1",
  "/w/b2",
  "/w/l -> /o",
);

test.each([
  ["**/*.env", null, ["/w/.b.env", "/w/a.env", "/w/d.env", "/w/s/deep.env", "/w/s/t/x.env"]],
  ["*.env", null, ["/w/.b.env", "/w/a.env", "/w/d.env"]],
  ["**/*.env", 2, ["/w/.b.env", "/w/a.env", "/w/d.env", "/w/s/deep.env"]],
  ["s/**", null, ["/w/s/deep.env", "/w/s/t"]],
  ["?.env", null, ["/w/a.env", "/w/d.env"]],
  ["b[12]", null, ["/w/b1", "/w/b2"]],
  ["b[!1]", null, ["/w/b2"]],
  ["[x", null, ["/w/[x"]],
  ["a.env", null, ["/w/a.env"]],
  ["l", null, ["/w/l"]],
  ["l/*", null, []],
  ["s/../*.env", 1, ["/w/.b.env", "/w/a.env", "/w/d.env"]],
])("%s to depth %s", (pattern, depth, expected) => {
  verifies("05 SB-G1", "05 SB-G3", "05 SB-G5");
  expect(denyMatches({ base: "/w", pattern }, depth, view).sort()).toEqual(expected);
});

test("a pattern that would search everything is refused, never ignored", () => {
  verifies("05 SB-G2");
  expect(() => denyMatches({ base: "/", pattern: "**/*.env" }, null, view)).toThrow("search the whole file system");
});
