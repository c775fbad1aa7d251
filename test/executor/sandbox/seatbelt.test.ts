import { chmodSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mechanismOf } from "../../../src/executor/sandbox/mechanism.ts";
import { seatbeltArguments, seatbeltPolicy } from "../../../src/executor/sandbox/seatbelt.ts";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";
import type { Access, Confinement, FileConfinement } from "../../../src/ports/confinement.ts";
import { type ChildEnd, SandboxRefusedError } from "../../../src/ports/process-host.ts";
import { verifies } from "../../rules/verifies.ts";
import { memoryView } from "./memory-view.ts";

function confinement(
  entries: readonly (readonly [Access, string])[],
  more: Partial<FileConfinement> = {},
  network: Confinement["network"] = "restricted",
): Confinement {
  const files = { denyGlobs: [], globScanMaxDepth: null, platformDefaults: false, ...more };
  return { files: { ...files, entries: entries.map(([access, path]) => ({ access, path })) }, network };
}

const view = memoryView(
  "/w/.git/",
  "/w/lib/vendor/",
  "/w/lib/vendor/out/",
  "/w/key",
  "/private/tmp/",
  "/tmp -> private/tmp",
  "/a.b/c/",
);

/** The rules beside those that every policy has, each on a line. */
function rulesOf(to: Confinement): string[] {
  const empty = seatbeltPolicy(confinement([]), view).text;
  const { text } = seatbeltPolicy(to, view);
  expect(text.startsWith(empty)).toBe(true);
  return text
    .slice(empty.length)
    .split("\n")
    .filter((line) => line !== "");
}

describe("a policy of macOS", () => {
  test("denies what it does not allow, and begins with what every program needs", () => {
    const { text, parameters } = seatbeltPolicy(confinement([]), view);
    expect(text).toMatch(/^\(version 1\)\n\(deny default\)\n/);
    expect(parameters).toEqual({});
    expect(text).not.toMatch(/network|file-read\* \(subpath|\(allow file-write\* /);
    expect(text.split("(").length).toBe(text.split(")").length);
  });

  test("reads all but what is denied, and what is readable again below that", () => {
    const to = confinement([
      ["read", "/"],
      ["deny", "/w/lib"],
      ["read", "/w/lib/vendor"],
    ]);
    expect(rulesOf(to)).toEqual([
      '(allow file-read* (require-all (subpath (param "READABLE_ROOT_0")) (require-not (literal (param "READABLE_ROOT_0_EXCLUDED_0"))) (require-not (subpath (param "READABLE_ROOT_0_EXCLUDED_0")))))',
      '(allow file-read* (subpath (param "READABLE_ROOT_1")))',
    ]);
    expect(seatbeltPolicy(to, view).parameters).toEqual({
      READABLE_ROOT_0: "/",
      READABLE_ROOT_0_EXCLUDED_0: "/w/lib",
      READABLE_ROOT_1: "/w/lib/vendor",
    });
  });

  test("writes below a root but to what is only read there, and to its metadata, there or not", () => {
    const to = confinement([
      ["read", "/"],
      ["write", "/w"],
      ["read", "/w/lib/vendor"],
      ["write", "/w/lib/vendor/out"],
    ]);
    const { parameters } = seatbeltPolicy(to, view);
    const writes = rulesOf(to).filter((rule) => rule.includes("file-write*"));
    expect(writes).toHaveLength(2);
    expect(writes[0]).toContain('(subpath (param "WRITABLE_ROOT_0"))');
    for (const name of [".git", ".agents", ".codex"]) {
      expect(writes[0]).toContain(`(require-not (regex #"^/w/\\${name}(/.*)?$"))`);
    }
    const excluded = Object.entries(parameters).filter(([name]) => name.startsWith("WRITABLE_ROOT_0_EXCLUDED"));
    const metadata = (root: string) => [".agents", ".codex", ".git"].map((name) => `${root}/${name}`);
    expect(excluded.map(([, path]) => path)).toEqual([
      ...metadata("/w"),
      "/w/lib/vendor",
      ...metadata("/w/lib/vendor/out"),
    ]);
    expect(parameters.WRITABLE_ROOT_1).toBe("/w/lib/vendor/out");
  });

  test("names places by their real paths, as the kernel does", () => {
    expect(seatbeltPolicy(confinement([["write", "/tmp"]]), view).parameters.WRITABLE_ROOT_0).toBe("/private/tmp");
  });

  test.each([
    ["*.env", '#"^/a\\.b/[^/]*\\.env(/.*)?$"'],
    ["**/*.key", '#"^/a\\.b/(.*/)?[^/]*\\.key(/.*)?$"'],
    ["c/?[!x]", '#"^/a\\.b/c/[^/][^/x](/.*)?$"'],
    ["plain", '#"^/a\\.b/plain(/.*)?$"'],
    ["c/**", '#"^/a\\.b/c/.*(/.*)?$"'],
    ["[open", '#"^/a\\.b/\\[open(/.*)?$"'],
  ])("denies by the pattern %s, also what is made later, behind everything that is allowed", (pattern, expected) => {
    const rules = rulesOf(confinement([["read", "/"]], { denyGlobs: [{ base: "/a.b", pattern }] }));
    expect(rules.slice(-2)).toEqual([
      `(deny file-read* (regex ${expected}))`,
      `(deny file-write-unlink (regex ${expected}))`,
    ]);
  });

  test("a pattern below a link is denied under both names", () => {
    const rules = rulesOf(confinement([["read", "/"]], { denyGlobs: [{ base: "/tmp", pattern: "*.env" }] }));
    expect(rules.filter((rule) => rule.startsWith("(deny file-read*"))).toEqual([
      '(deny file-read* (regex #"^/tmp/[^/]*\\.env(/.*)?$"))',
      '(deny file-read* (regex #"^/private/tmp/[^/]*\\.env(/.*)?$"))',
    ]);
  });

  test("opens the network only where it is given", () => {
    expect(rulesOf(confinement([], {}, "enabled")).slice(0, 2)).toEqual([
      "(allow network-outbound)",
      "(allow network-inbound)",
    ]);
    const free = seatbeltPolicy({ files: null, network: "restricted" }, view).text;
    expect(free).toContain('(allow file-write* (regex #"^/"))');
    expect(free).not.toContain("network");
  });

  test("reads the system's own directories with `minimal`", () => {
    expect(rulesOf(confinement([], { platformDefaults: true })).join(" ")).toContain('(subpath "/usr/lib")');
  });

  test("a link that the program may replace is refused", () => {
    const planted = memoryView("/w/link -> /o", "/o/");
    expect(() =>
      seatbeltPolicy(
        confinement([
          ["write", "/w"],
          ["write", "/w/link"],
        ]),
        planted,
      ),
    ).toThrow(SandboxRefusedError);
  });

  test("no path becomes a part of the policy, and the program follows a --", () => {
    const odd = '/w/") (allow default) ("';
    const policy = seatbeltPolicy(confinement([["read", odd]]), view);
    expect(policy.text).not.toContain("allow default");
    expect(seatbeltArguments("/launcher", policy, ["-p", "x"])).toEqual([
      "/launcher",
      "-p",
      policy.text,
      `-DREADABLE_ROOT_0=${odd}`,
      "--",
      "-p",
      "x",
    ]);
  });
});

/** Starts a confined program on a host that takes itself for another system; resolves with its end and output. */
async function startOn(
  platform: NodeJS.Platform,
  options: { readonly seatbelt?: string; readonly arg0?: string } = {},
) {
  const { seatbelt, arg0 = null } = options;
  using host = posixProcessHost({ sandbox: { platform, ...(seatbelt !== undefined && { seatbelt }) } });
  let printed = "";
  const exited = Promise.withResolvers<ChildEnd>();
  const child = await host.spawn(
    {
      argv: ["sh", "-c", "echo $0 $A; echo permission denied; exit 3"],
      arg0,
      cwd: "/",
      env: { A: "a", PATH: "/usr/bin:/bin" },
      stdin: "none",
      confinement: confinement([["read", "/"]]),
    },
    {
      output: (_stream, bytes) => {
        printed += Buffer.from(bytes).toString();
      },
      ended: () => undefined,
      exited: exited.resolve,
      stdinClosed: () => undefined,
    },
  );
  const end = await exited.promise;
  child.release();
  return { ...end, printed };
}

test("on macOS the launcher gets policy and program, and the end is classified as everywhere", async () => {
  verifies("05 SB-D1", "05 SB-N1");
  using folder = mkdtempDisposableSync("/var/tmp/proctor-seatbelt-");
  const seatbelt = join(folder.path, "sandbox-exec");
  writeFileSync(
    seatbelt,
    '#!/bin/sh\n[ "$1" = -p ] || exit 64\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n',
  );
  chmodSync(seatbelt, 0o755);
  expect(await startOn("darwin", { seatbelt })).toMatchObject({
    exitCode: 3,
    sandboxDenied: true,
    printed: "sh a\npermission denied\n",
  });
  await expect(startOn("darwin", { seatbelt, arg0: "other" })).rejects.toThrow(
    "arg0 cannot be set in a sandbox on macOS",
  );
});

test("without its launcher a start on macOS is refused", async () => {
  verifies("05 SB-N1");
  await expect(startOn("darwin", { seatbelt: "/nonexistent" })).rejects.toThrow("/nonexistent cannot be used");
});

test.each([
  ["win32", "sandboxed remote process launch is not supported on Windows"],
  ["freebsd", "there is no sandbox for freebsd"],
] as const)("on %s a sandboxed start is refused before anything is started", async (platform, text) => {
  verifies("05 SB-N1");
  expect(() => mechanismOf(platform)).toThrow(text);
  await expect(startOn(platform)).rejects.toThrow(SandboxRefusedError);
});
