import type { FileHelperHost } from "../../ports/file-helper-host.ts";
import type { Child, ChildListener, ChildSpec } from "../../ports/process-host.ts";
import { helperProgram, helperView } from "./helper-view.ts";
import { type PlannedView, type Sandbox, ViewChangedError } from "./sandbox.ts";

/** All that a helper gets of our environment: no home, no proxies, no secrets (05 SB-F6). */
const passedVariables = ["PATH", "TMPDIR", "TMP", "TEMP"];

/** Starts helpers as confined programs: the whole of Node, with the code that serves files, on two pipes. */
export function fileHelperHost(
  sandbox: Sandbox,
  spawn: (spec: ChildSpec, listener: ChildListener, planned: PlannedView) => Promise<Child>,
): FileHelperHost {
  return {
    async plan(files, access) {
      const change = helperView(access);
      const { fingerprint, occupies } = await sandbox.plan(files, change);
      return {
        fingerprint,
        occupies,
        async start(listener) {
          const spec: ChildSpec = {
            argv: [process.execPath, helperProgram],
            arg0: null,
            cwd: "/",
            env: passedEnvironment(),
            stdin: "pipe",
            confinement: { files, network: "restricted" },
          };
          try {
            return await spawn(spec, listener, { change, fingerprint });
          } catch (error) {
            if (error instanceof ViewChangedError) return null;
            throw error;
          }
        },
      };
    },
  };
}

function passedEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of passedVariables) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}
