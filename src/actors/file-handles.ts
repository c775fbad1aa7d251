import type { NativePath, OpenFile } from "../ports/file-host.ts";
import { rpcError } from "../protocol/errors.ts";
import type { ActorSystemPorts } from "./actor-owners.ts";
import { FileHandleActor } from "./file-handle.ts";

/** Handles that one connection may hold at once (04 F-43). */
export const mostFileHandles = 128;

/**
 * The files that one connection holds open, by the ids that its client chose (04 section 10.9). They belong to the connection
 * and not to its session: they are gone with it. What is asked of an id waits for the opens and closes of it that were
 * asked for before.
 */
export class FileHandles {
  readonly #handles = new Map<string, FileHandleActor>();
  /** The end of the last open or close of each id that has any under way. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #ports: ActorSystemPorts;
  readonly #fault: (error: unknown) => void;
  #isOver = false;

  constructor(ports: ActorSystemPorts, fault: (error: unknown) => void) {
    this.#ports = ports;
    this.#fault = fault;
  }

  /** How many are open. */
  get size(): number {
    return this.#handles.size;
  }

  /**
   * Opens a file under an id. The file comes first, so that its failure wins over an id in use (04 F-43).
   * @throws RpcError `invalidRequest` for an id in use, or one handle too many; or what `open` throws.
   */
  open(handleId: string, open: () => Promise<OpenFile>): Promise<void> {
    return this.#inTurn(handleId, async (earlier) => {
      const file = await open();
      await earlier;
      const refusal = this.#refusal(handleId);
      if (refusal === null) return this.#add(handleId, file);
      await file.close();
      throw rpcError("invalidRequest", refusal);
    });
  }

  /** The handle of an id. @throws RpcError `notFound` when it is not open. */
  async get(handleId: string): Promise<FileHandleActor> {
    await this.#turns.get(handleId);
    const handle = this.#handles.get(handleId);
    if (handle === undefined) throw rpcError("notFound", `unknown file read handle \`${handleId}\``);
    return handle;
  }

  /**
   * Closes a handle; without effect when it is not open (04 F-47).
   * @param whenFree runs the close when what was asked of the file before is over
   */
  close(handleId: string, whenFree: (path: NativePath, close: () => void) => Promise<void>): Promise<void> {
    return this.#inTurn(handleId, async (earlier) => {
      await earlier;
      const handle = this.#handles.get(handleId);
      if (handle !== undefined) await whenFree(handle.path, () => handle.close());
    });
  }

  /** The connection is gone: every handle is closed, those included whose open is still under way. */
  connectionEnded(): void {
    this.#isOver = true;
    for (const handle of [...this.#handles.values()]) handle.connectionEnded();
  }

  /** Runs an open or a close, which lets the earlier ones of its id go first. */
  async #inTurn(handleId: string, work: (earlier: Promise<void> | undefined) => Promise<void>): Promise<void> {
    const done = work(this.#turns.get(handleId));
    // Those behind it wait for its end, whichever it is.
    const over = done.catch(() => undefined);
    this.#turns.set(handleId, over);
    try {
      await done;
    } finally {
      if (this.#turns.get(handleId) === over) this.#turns.delete(handleId);
    }
  }

  #add(handleId: string, file: OpenFile): void {
    const owner = { forget: () => void this.#handles.delete(handleId), fault: this.#fault };
    this.#handles.set(handleId, new FileHandleActor(handleId, file, owner, this.#ports));
  }

  #refusal(handleId: string): string | null {
    if (this.#isOver) return "the connection is ending";
    if (this.#handles.has(handleId)) return `file read handle \`${handleId}\` already exists`;
    if (this.#handles.size < mostFileHandles) return null;
    return `at most ${mostFileHandles} file reads may be open per connection`;
  }
}
