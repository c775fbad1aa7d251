import type { ServerKind } from "../peer/server.ts";

/** Traffic that a recording only sums up, or that says more than the recording does, made anew. */
export interface Scenario {
  /** The behaviour in a sentence. */
  readonly name: string;
  /** The recording that it stands for, if any. */
  readonly recording?: string;
  /** The rules that it shows. */
  readonly rules: readonly string[];
  /** Makes the traffic against a fresh server and asserts what comes back. */
  run(kind: ServerKind): Promise<void>;
}
