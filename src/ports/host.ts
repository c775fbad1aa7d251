import type { EnvironmentInfo } from "../protocol/environment.ts";
import type { FileHelperHost } from "./file-helper-host.ts";
import type { FileHost } from "./file-host.ts";
import type { HttpHost } from "./http-host.ts";
import type { JournalStore } from "./journal-store.ts";
import type { ProcessHost } from "./process-host.ts";
import type { SpillStore } from "./spill-store.ts";

/** Everything an executor does to the machine it runs on; a simulation replaces it whole. */
export interface Host {
  readonly processes: ProcessHost;
  /** The files, and how their paths are written. */
  readonly files: FileHost;
  /** What does file operations in a sandbox; without it they are refused. */
  readonly fileHelpers?: FileHelperHost | undefined;
  /** HTTP, as it is spoken from there. */
  readonly http: HttpHost;
  /** Where output goes that does not fit memory. */
  readonly spill: SpillStore;
  /** Where sessions are written down, so that they outlive the executor; without one they end with it. */
  readonly journal?: JournalStore | undefined;
  /** The executor's own environment at this moment (02 P-17). */
  environment(): Readonly<Record<string, string | undefined>>;
  /** What `environment/info` answers (01 W-52). */
  info(): Promise<EnvironmentInfo>;
  /** Closes what is kept in reserve; called by the executor that runs on it, when that is closed. */
  [Symbol.dispose]?(): void;
}
