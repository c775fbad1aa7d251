import { SandboxRefusedError } from "../../ports/process-host.ts";

/** What confines programs on this system. */
export type Mechanism = "bubblewrap" | "seatbelt";

/** @throws SandboxRefusedError where there is none: a program that is to be confined is never run without (05 SB-N1) */
export function mechanismOf(platform: NodeJS.Platform): Mechanism {
  switch (platform) {
    case "linux":
      return "bubblewrap";
    case "darwin":
      return "seatbelt";
    case "win32":
      throw new SandboxRefusedError("sandboxed remote process launch is not supported on Windows");
    default:
      throw new SandboxRefusedError(
        `sandbox intent cannot be enforced on this executor: there is no sandbox for ${platform}`,
      );
  }
}
