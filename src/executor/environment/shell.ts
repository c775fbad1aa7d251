import { access, constants, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { delimiter, join, parse } from "node:path";

/** A shell that the executor offers. */
export interface Shell {
  readonly name: ShellName;
  /** Where it is; for the last resorts, where it ought to be. */
  readonly path: string;
}

/** The shells that orchestrators know how to talk to. */
export type ShellName = "zsh" | "bash" | "sh" | "powershell" | "cmd";

/** What the search looks at. */
export interface ShellSurroundings {
  readonly platform: NodeJS.Platform;
  /** The login shell of the user database, if it names one. */
  readonly loginShell: string | null;
  /** The executor's `PATH`. */
  readonly searchPath: string;
  isFile(path: string): Promise<boolean>;
  isExecutable(path: string): Promise<boolean>;
}

interface Kind {
  readonly programs: readonly string[];
  readonly fixedPlaces: readonly string[];
}

const kinds: Readonly<Record<ShellName, Kind>> = {
  zsh: { programs: ["zsh"], fixedPlaces: ["/bin/zsh"] },
  bash: { programs: ["bash"], fixedPlaces: ["/bin/bash", "/usr/bin/bash"] },
  sh: { programs: ["sh"], fixedPlaces: ["/bin/sh"] },
  powershell: { programs: ["pwsh", "powershell"], fixedPlaces: [] },
  cmd: { programs: ["cmd"], fixedPlaces: [] },
};

/**
 * The login shell of the executor's user, from the user database and not from `SHELL` (01 W-52); where that one is of no use,
 * the first shell that is.
 */
export async function detectShell(surroundings: ShellSurroundings = hostSurroundings()): Promise<Shell> {
  const { loginShell, platform } = surroundings;
  const login = loginShell === null ? null : await usable(nameOf(loginShell), surroundings, loginShell);
  if (login !== null) return login;
  for (const name of fallbacks(platform)) {
    const found = await usable(name, surroundings);
    if (found !== null) return found;
  }
  return platform === "win32" ? { name: "cmd", path: "cmd.exe" } : { name: "sh", path: "/bin/sh" };
}

/** The entry itself if it is a file, else the first hit in `PATH`, else a fixed place. */
async function usable(
  name: ShellName | null,
  surroundings: ShellSurroundings,
  entry: string | null = null,
): Promise<Shell | null> {
  if (name === null) return null;
  if (entry !== null && (await surroundings.isFile(entry))) return { name, path: entry };
  const { programs, fixedPlaces } = kinds[name];
  for (const program of programs) {
    const path = await searched(program, surroundings);
    if (path !== null) return { name, path };
  }
  for (const path of fixedPlaces) if (await surroundings.isFile(path)) return { name, path };
  return null;
}

async function searched(program: string, surroundings: ShellSurroundings): Promise<string | null> {
  const fileName = surroundings.platform === "win32" ? `${program}.exe` : program;
  for (const directory of surroundings.searchPath.split(delimiter)) {
    const path = join(directory, fileName);
    if (directory !== "" && (await surroundings.isExecutable(path))) return path;
  }
  return null;
}

function nameOf(entry: string): ShellName | null {
  const { name } = parse(entry);
  if (name === "pwsh") return "powershell";
  return isShellName(name) ? name : null;
}

function isShellName(name: string): name is ShellName {
  return Object.hasOwn(kinds, name);
}

function fallbacks(platform: NodeJS.Platform): readonly ShellName[] {
  if (platform === "win32") return ["powershell"];
  return platform === "darwin" ? ["zsh", "bash"] : ["bash", "zsh"];
}

function hostSurroundings(): ShellSurroundings {
  return {
    platform: process.platform,
    loginShell: loginShell(),
    searchPath: process.env.PATH ?? "",
    isFile,
    isExecutable: async (path) =>
      (await isFile(path)) &&
      (await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )),
  };
}

/** `null` where there is no user database, or no entry for us, as in many containers. */
function loginShell(): string | null {
  try {
    return userInfo().shell;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_SYSTEM_ERROR") return null;
    throw error;
  }
}

/** What cannot be looked at is no shell for us. */
function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
