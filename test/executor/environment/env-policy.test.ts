import { expect, test } from "vitest";
import { childEnvironment } from "../../../src/executor/environment/env-policy.ts";
import type { EnvPolicy } from "../../../src/protocol/process.ts";
import { verifies } from "../../rules/verifies.ts";

// The server environment and the expected names of the recording p08-environment-policy; the names that no shell can hold
// (`A.B`, `A[B]`, `ÀÉ`) do not show there, they were added here by the rules.
const serverEnv = {
  PATH: "/bin",
  HOME: "/root",
  FOO: "bar",
  foo_low: "x",
  MY_TOKEN: "t",
  api_key: "k",
  SecretX: "s",
  MONKEY: "m",
  LANG: "C.UTF-8",
  LC_ALL: "C",
  LC_TIME: "C",
  USER: "u",
  LOGNAME: "u",
  SHELL: "/bin/sh",
  TMPDIR: "/tmp",
  TERM: "xterm",
  Home: "mixed",
  path: "lower",
  AB: "1",
  ABC: "2",
  A_B: "3",
  "A.B": "dot",
  "A[B]": "br",
  ÀÉ: "acc",
};
const names = Object.keys(serverEnv);

function policy(overrides: Partial<EnvPolicy>): EnvPolicy {
  return { inherit: "all", ignoreDefaultExcludes: true, exclude: [], set: {}, includeOnly: [], ...overrides };
}

function namesOf(overrides: Partial<EnvPolicy>, env: Record<string, string> = {}): string[] {
  return Object.keys(childEnvironment({ env, envPolicy: policy(overrides) }, serverEnv, "linux")).sort();
}

const without = (...gone: string[]) => names.filter((name) => !gone.includes(name)).sort();

test("without a policy the environment is exactly what was sent", () => {
  verifies("02 P-16");
  expect(childEnvironment({ env: {}, envPolicy: null }, serverEnv)).toEqual({});
  const env = { "A=B": "x", "": "empty", PATH: "/usr/bin" };
  expect(childEnvironment({ env, envPolicy: null }, serverEnv)).toEqual(env);
});

test("inherit all takes everything", () => {
  verifies("02 P-17");
  expect(childEnvironment({ env: {}, envPolicy: policy({}) }, serverEnv, "linux")).toEqual(serverEnv);
});

test("inherit none takes nothing", () => {
  verifies("02 P-17");
  expect(namesOf({ inherit: "none" }, { X: "1" })).toEqual(["X"]);
});

test("inherit core takes the core names in any case", () => {
  verifies("02 P-17");
  const core = "HOME Home LANG LC_ALL LOGNAME PATH SHELL TMPDIR USER path".split(" ");
  expect(namesOf({ inherit: "core" })).toEqual(core);
});

test("secrets are left out by default, and so is everything that sounds like one", () => {
  verifies("02 P-17");
  expect(namesOf({ ignoreDefaultExcludes: false })).toEqual(without("MY_TOKEN", "api_key", "SecretX", "MONKEY"));
});

test("exclude removes by pattern, case ignored", () => {
  verifies("02 P-17", "02 P-18");
  expect(namesOf({ exclude: ["f*"] })).toEqual(without("FOO", "foo_low"));
  expect(namesOf({ exclude: ["ab?"] })).toEqual(without("ABC"));
  expect(namesOf({ exclude: ["A[B]", "a.b"] })).toEqual(without("A[B]", "A.B"));
});

test("set is not subject to the excludes", () => {
  verifies("02 P-17");
  expect(namesOf({ exclude: ["*"], set: { S: "1" } })).toEqual(["S"]);
  expect(
    namesOf(
      { inherit: "none", ignoreDefaultExcludes: false, exclude: ["S*"], set: { S_TOKEN: "1", SX: "2" } },
      { API_KEY: "1" },
    ),
  ).toEqual(["API_KEY", "SX", "S_TOKEN"]);
});

test("set overwrites, and env overwrites set", () => {
  verifies("02 P-17");
  const envPolicy = policy({ set: { FOO: "set", BOTH: "set" } });
  const result = childEnvironment({ env: { BOTH: "env" }, envPolicy }, serverEnv);
  expect([result.FOO, result.BOTH]).toEqual(["set", "env"]);
});

test("includeOnly also removes what was set, and never what was sent", () => {
  verifies("02 P-17");
  expect(namesOf({ includeOnly: ["ab*", "àé"] })).toEqual(["AB", "ABC", "ÀÉ"]);
  expect(namesOf({ set: { ZZ: "1", FOO: "set" }, includeOnly: ["FOO"] }, { OVER: "1" })).toEqual(["FOO", "OVER"]);
});

test("an empty pattern matches nothing", () => {
  verifies("02 P-18");
  expect(namesOf({ includeOnly: [""] })).toEqual([]);
});

test("a star and a question mark together need one character at least", () => {
  expect(namesOf({ includeOnly: ["A*?B"] })).toEqual(["A.B", "A_B"]);
});

test("names keep their case: Path stands beside PATH", () => {
  verifies("02 P-18");
  expect(namesOf({ inherit: "core", set: { Path: "/x" } })).toContain("Path");
  expect(namesOf({ inherit: "core", set: { Path: "/x" } })).toContain("PATH");
});

test("a variable that is not UTF-8 is left out", () => {
  verifies("02 S-11");
  const damaged = { OK: "1", BAD: "a\uFFFDb", "N\uFFFD": "x" };
  expect(childEnvironment({ env: {}, envPolicy: policy({}) }, damaged, "linux")).toEqual({ OK: "1" });
});

test("a variable may have the name of a property that every object has", () => {
  const envPolicy = policy({ inherit: "none", set: JSON.parse('{"__proto__":"1","constructor":"2"}') });
  const result = childEnvironment({ env: {}, envPolicy }, {}, "linux");
  expect(Object.entries(result).sort()).toEqual([
    ["__proto__", "1"],
    ["constructor", "2"],
  ]);
});

test("nothing that was passed in is changed", () => {
  const env = Object.freeze({ A: "1" });
  const result = childEnvironment({ env, envPolicy: null }, serverEnv);
  result.B = "2";
  expect(env).toEqual({ A: "1" });
});

test("on Windows the core list is another one, and PATHEXT is never missing", () => {
  verifies("02 P-17");
  const windows = { Path: "C:\\bin", SystemRoot: "C:\\Windows", LANG: "C", APPDATA: "C:\\a" };
  expect(childEnvironment({ env: {}, envPolicy: policy({ inherit: "core" }) }, windows, "win32")).toEqual({
    Path: "C:\\bin",
    SystemRoot: "C:\\Windows",
    APPDATA: "C:\\a",
    PATHEXT: ".COM;.EXE;.BAT;.CMD",
  });
  const own = childEnvironment({ env: {}, envPolicy: policy({ inherit: "all" }) }, { PathExt: ".EXE" }, "win32");
  expect(own).toEqual({ PathExt: ".EXE" });
});
