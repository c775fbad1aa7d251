import { execFileSync } from "node:child_process";
import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { detectShell, type ShellSurroundings } from "../../../src/executor/environment/shell.ts";
import { verifies } from "../../rules/verifies.ts";

function surroundings(overrides: Partial<ShellSurroundings>, ...files: string[]): ShellSurroundings {
  return {
    platform: "linux",
    loginShell: null,
    searchPath: "/usr/local/bin:/usr/bin",
    isFile: async (path) => files.includes(path),
    isExecutable: async (path) => files.includes(path),
    ...overrides,
  };
}

test.each([
  ["/bin/bash", "bash"],
  ["/usr/bin/zsh", "zsh"],
  ["/bin/sh", "sh"],
  ["/opt/pwsh", "powershell"],
])("the login shell %s is %s at its own path", async (loginShell, name) => {
  verifies("01 W-52");
  expect(await detectShell(surroundings({ loginShell }, loginShell))).toEqual({ name, path: loginShell });
});

test("a login shell that is not there is searched in PATH, then in its fixed places", async () => {
  verifies("01 W-52");
  const loginShell = "/gone/bash";
  expect(await detectShell(surroundings({ loginShell }, "/usr/bin/bash", "/bin/bash"))).toEqual({
    name: "bash",
    path: "/usr/bin/bash",
  });
  expect(await detectShell(surroundings({ loginShell, searchPath: "/nowhere" }, "/bin/bash"))).toEqual({
    name: "bash",
    path: "/bin/bash",
  });
});

test.each([null, "", "/usr/bin/fish", "/usr/sbin/nologin"])(
  "without a usable entry (%j) it is bash, then zsh, then sh",
  async (loginShell) => {
    verifies("01 W-52");
    expect(await detectShell(surroundings({ loginShell }, "/usr/bin/zsh", "/usr/local/bin/bash"))).toEqual({
      name: "bash",
      path: "/usr/local/bin/bash",
    });
    expect(await detectShell(surroundings({ loginShell }, "/usr/bin/zsh"))).toEqual({
      name: "zsh",
      path: "/usr/bin/zsh",
    });
    expect(await detectShell(surroundings({ loginShell }))).toEqual({ name: "sh", path: "/bin/sh" });
  },
);

test("on macOS zsh comes first", async () => {
  verifies("01 W-52");
  const found = await detectShell(surroundings({ platform: "darwin" }, "/bin/zsh", "/bin/bash"));
  expect(found).toEqual({ name: "zsh", path: "/bin/zsh" });
});

test("on Windows it is PowerShell, finally cmd", async () => {
  verifies("01 W-52");
  expect(await detectShell(surroundings({ platform: "win32" }))).toEqual({ name: "cmd", path: "cmd.exe" });
  const found = await detectShell(surroundings({ platform: "win32" }, "/usr/bin/powershell.exe"));
  expect(found).toEqual({ name: "powershell", path: "/usr/bin/powershell.exe" });
});

test("an empty element of PATH is not the working directory", async () => {
  const looked: string[] = [];
  await detectShell(surroundings({ searchPath: "::/usr/bin", isExecutable: async (path) => looked.push(path) === 0 }));
  expect(looked.every((path) => path.startsWith("/usr/bin/"))).toBe(true);
});

test("on this host it is the entry of the user database, whatever SHELL says", async () => {
  verifies("01 W-52");
  const entry = userInfo().shell;
  const shell = new URL("../../../src/executor/environment/shell.ts", import.meta.url).href;
  const program = `import(${JSON.stringify(shell)}).then(async (m) => console.log(JSON.stringify(await m.detectShell())))`;
  const printed = execFileSync(process.execPath, ["-e", program], { env: { ...process.env, SHELL: "/bin/nothing" } });
  const found = JSON.parse(printed.toString());
  expect(found.path).not.toBe("/bin/nothing");
  if (/\/(bash|zsh|sh)$/.test(entry ?? "")) expect(found.path).toBe(entry);
});
