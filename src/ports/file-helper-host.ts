import type { FileConfinement } from "./confinement.ts";
import type { Child, ChildListener } from "./process-host.ts";

/** What operations in a sandbox do: a helper for reading can write nothing, whatever its confinement allows. */
export type HelperAccess = "read" | "write";

/** A helper as it would be started now. */
export interface HelperPlan {
  /** Two plans with the same are the same: the same view, made of the same files and directories (05 SB-F9). */
  readonly fingerprint: string;
  /** Does it keep places on the host occupied as long as it lives (05 SB-L13)? Then it is not to be kept for later. */
  readonly occupies: boolean;
  /**
   * Starts it, on pipes; `null` when the files are not any more what they were, so that a new plan is needed.
   * @throws SandboxRefusedError when it cannot be confined; SpawnError when the OS refuses
   */
  start(listener: ChildListener): Promise<Child | null>;
}

/** Starts the processes that do file operations in a sandbox (05 section 6). */
export interface FileHelperHost {
  /** @throws SandboxRefusedError for a confinement that cannot be enforced here */
  plan(files: FileConfinement, access: HelperAccess): Promise<HelperPlan>;
}
