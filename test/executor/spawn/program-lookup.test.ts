import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChildSpec, SpawnError } from "../../../src/ports/process-host.ts";
import { verifies } from "../../rules/verifies.ts";
import { RecordedChild } from "./recorded-child.ts";
import { waysToStart } from "./ways.ts";

const ways = waysToStart();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync("/tmp/lookup-");
  const file = (name: string, mode: number, text: string) => {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), mode);
  };
  for (const name of ["first", "second", "sub"]) mkdirSync(join(folder, name));
  file("no-format", 0o755, "echo never\n");
  file("empty", 0o755, "");
  file("no-interpreter", 0o755, "#!/no/such/interpreter\n");
  file("closed-interpreter", 0o755, `#!${folder}/first/tool\n`);
  file("blank-interpreter", 0o755, "#!  \n");
  file("script", 0o755, '#! /bin/sh -u\necho "ran as $0"\n');
  file("script-of-script", 0o755, `#!${folder}/script\n`);
  file("ourselves", 0o755, `#!${folder}/ourselves\n`);
  file("first/tool", 0o644, "#!/bin/sh\necho first\n");
  file("second/tool", 0o755, "#!/bin/sh\necho second\n");
  file("first/only-denied", 0o644, "#!/bin/sh\n");
  mkdirSync(join(folder, "first/shadowed"));
  file("second/shadowed", 0o755, "#!/bin/sh\necho shadowed\n");
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const enoent = "No such file or directory (os error 2)";
const eacces = "Permission denied (os error 13)";
const enoexec = "Exec format error (os error 8)";

describe.each(ways.flatMap(([way, host]) => [["none", way, host] as const, ["pty", way, host] as const]))(
  "with stdin %s, started by %s",
  (stdin, _, host) => {
    const start = (spec: Partial<ChildSpec> & { argv: readonly string[] }) =>
      RecordedChild.start(host, { cwd: folder, stdin, ...spec });
    const said = async (spec: Partial<ChildSpec> & { argv: readonly string[] }) => {
      const child = await start(spec);
      await child.untilClosed();
      return child.text(stdin === "pty" ? "pty" : "stdout").replaceAll("\r", "");
    };

    it.each([
      ["a path that does not exist", { argv: ["/no/such/program"] }, enoent],
      ["a name that is nowhere on the path", { argv: ["no-such-program"] }, enoent],
      ["a path through a file", { argv: ["/etc/passwd/x"] }, "Not a directory (os error 20)"],
      ["a file that may not be run", { argv: ["/etc/passwd"] }, eacces],
      ["a directory", { argv: ["/tmp"] }, eacces],
      ["a directory found by name", { argv: ["sub"], env: { PATH: "." } }, eacces],
      ["an empty name", { argv: [""] }, `missing program for ${stdin === "pty" ? "PTY" : "pipe"} spawn`],
      ["a NUL byte in an argument", { argv: ["echo", "a\0b"] }, "nul byte found in provided data"],
      ["a NUL byte in a value", { argv: ["true"], env: { A: "x\0y" } }, "nul byte found in provided data"],
      ["a NUL byte in a variable's name", { argv: ["true"], env: { "A\0B": "" } }, "nul byte found in provided data"],
      ["a NUL byte in arg0", { argv: ["true"], arg0: "\0" }, "nul byte found in provided data"],
      ["a search path without the program", { argv: ["true"], env: { PATH: "/nonexistent" } }, enoent],
      ["an argument list too long", { argv: ["echo", "x".repeat(300_000)] }, "Argument list too long (os error 7)"],
      ["a directory to start in that is missing", { argv: ["pwd"], cwd: "/no/such/dir" }, enoent],
      [
        "a directory to start in that is a file",
        { argv: ["pwd"], cwd: "/etc/passwd" },
        "Not a directory (os error 20)",
      ],
      ["a file without a format", { argv: ["./no-format"] }, enoexec],
      ["an empty file", { argv: ["./empty"] }, enoexec],
      ["a script that names no interpreter", { argv: ["./blank-interpreter"] }, enoexec],
      ["a script whose interpreter is missing", { argv: ["./no-interpreter"] }, enoent],
      ["a script whose interpreter may not be run", { argv: ["./closed-interpreter"] }, eacces],
      [
        "a script that is its own interpreter",
        { argv: ["./ourselves"] },
        "Too many levels of symbolic links (os error 40)",
      ],
      ["a name that is only denied", { argv: ["only-denied"], env: { PATH: "first:second" } }, eacces],
      ["a path without a leading dot that is not on disk", { argv: ["usr/bin/id"] }, enoent],
    ])("refuses %s", async (_, spec, message) => {
      verifies("02 P-12", "02 S-7");
      const refusal = await start(spec).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(SpawnError);
      expect((refusal as SpawnError).message).toBe(message);
    });

    it("goes on past a candidate that may not be run", async () => {
      verifies("02 P-10", "02 S-7");
      expect(await said({ argv: ["tool"], env: { PATH: "first:second" } })).toBe("second\n");
    });

    it("goes on past a directory of that name", async () => {
      expect(await said({ argv: ["shadowed"], env: { PATH: "first:second" } })).toBe("shadowed\n");
    });

    it("counts relative elements of the search path from the child's directory", async () => {
      verifies("02 P-10", "02 S-7");
      expect(await said({ argv: ["tool"], cwd: join(folder, "sub"), env: { PATH: "../second" } })).toBe("second\n");
    });

    it.each([
      ["an empty search path", ""],
      ["an empty element", "/nonexistent:"],
    ])("takes %s for the child's directory", async (_, searchPath) => {
      verifies("02 P-10", "02 S-7");
      expect(await said({ argv: ["tool"], cwd: join(folder, "second"), env: { PATH: searchPath } })).toBe("second\n");
    });

    it("searches the usual places when the environment has no PATH", async () => {
      verifies("02 P-10", "02 S-7");
      expect(await said({ argv: ["sh", "-c", 'echo "$0"'], env: {} })).toBe("sh\n");
    });

    it("takes a name with a slash as a path from the child's directory", async () => {
      verifies("02 P-10", "02 S-7");
      expect(await said({ argv: ["usr/bin/printf", "ok"], cwd: "/" })).toBe("ok");
    });

    it("shows a script its path as it was given", async () => {
      expect(await said({ argv: ["./script"] })).toBe("ran as ./script\n");
      expect(await said({ argv: ["./script-of-script"] })).toBe(`ran as ${folder}/script\n`);
    });
  },
);
