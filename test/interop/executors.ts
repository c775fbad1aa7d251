import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { codexBinary, codexHome } from "../../scripts/codex.ts";
import { spawnGroup } from "./child-group.ts";

/** The two implementations of an executor that must be indistinguishable to an orchestrator. */
export type ExecutorName = "reference" | "Proctor";

/** A running executor; disposing of it ends its process group. */
export interface RunningExecutor extends AsyncDisposable {
  /** Its websocket URL on loopback. */
  readonly url: string;
}

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** The whole command of an executor; its first line on stdout is its URL. */
const commands: Record<ExecutorName, () => Promise<readonly [string, ...string[]]>> = {
  reference: async () => [await codexBinary(), "exec-server", "--listen", "ws://127.0.0.1:0"],
  Proctor: async () => [process.execPath, `${repository}src/cli/main.ts`, "serve", "--listen", "ws://127.0.0.1:0"],
};

/** Starts an executor in a home of its own, which is also all that its environment says beside `PATH`. */
export async function startExecutor(name: ExecutorName): Promise<RunningExecutor> {
  const command = await commands[name]();
  const home = await codexHome();
  const group = spawnGroup(command, {
    cwd: home,
    env: { PATH: process.env.PATH ?? "", HOME: home, CODEX_HOME: home },
  });
  const stop = async () => {
    await group[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  };
  try {
    return { url: await group.firstLine, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
