import { expect, test } from "vitest";
import { assemble } from "../../../../src/executor/sandbox/seccomp/assemble.ts";
import { type FilterName, seccompFilter } from "../../../../src/executor/sandbox/seccomp/filters.ts";
import { type Architecture, auditArchitecture } from "../../../../src/executor/sandbox/seccomp/system-calls.ts";
import { verifies } from "../../../rules/verifies.ts";
import vectors from "../sandbox-vectors.json" with { type: "json" };
import { runFilter } from "./interpreter.ts";

const names: readonly FilterName[] = ["restricted", "proxy", "base"];
const architectures: readonly Architecture[] = ["x64", "arm64"];
const filters = names.flatMap((name) => architectures.map((architecture) => ({ name, architecture })));

test.each(filters)("$name for $architecture is the recommended program, byte for byte", ({ name, architecture }) => {
  verifies("05 SB-S5");
  expect(seccompFilter(name, architecture).toString("hex")).toBe(vectors.seccomp.programs[name][architecture]);
});

const actions: Readonly<Record<string, number>> = { allow: 0x7fff0000, eperm: 0x00050001, kill: 0x80000000 };

test("decides every known call as it should", () => {
  verifies("05 SB-S6");
  const { decisions } = vectors.seccomp;
  expect(decisions.length).toBeGreaterThan(200);
  const wrong = decisions.filter(({ filter, arch, nr, args, action, auditArch }) => {
    const seen = { arch: auditArch ?? auditArchitecture[arch as Architecture], nr, args: args.map(BigInt) };
    return runFilter(seccompFilter(filter as FilterName, arch as Architecture), seen) !== actions[action];
  });
  expect(wrong).toEqual([]);
});

test("a jump that is too far, goes up or leads nowhere is an error when the filter is made", () => {
  verifies("05 SB-S5");
  const far = Array.from({ length: 256 }, () => ({ op: "load", offset: 0 }) as const);
  const jump = { op: "equal", value: 1, jump: "there" } as const;
  const there = { op: "label", name: "there" } as const;
  const end = { op: "return", action: 0 } as const;
  expect(() => assemble([jump, ...far, there, end])).toThrow(RangeError);
  expect(() => assemble([there, jump, end])).toThrow(RangeError);
  expect(() => assemble([jump, end])).toThrow(RangeError);
  expect(assemble([jump, ...far.slice(1), there, end]).readUInt8(2)).toBe(255);
});
