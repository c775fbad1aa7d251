import type { RemotePath } from "./remote-path.ts";
import type { Sandbox } from "./sandbox.ts";

/** How an operation on files is done. */
export interface FileOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * What the operation is confined to, as a program would be (05 section 6): all of it is enforced, or the operation is refused with an
   * RpcError `invalidRequest` that says why. Default: nothing.
   */
  readonly sandbox?: Sandbox | undefined;
  /** What is the workspace of the sandbox, unless it names others. Default: the `cwd` of the link. */
  readonly cwd?: RemotePath | undefined;
}
