import type { Actor } from "xstate";
import { fileHandleMachine } from "../machines/file-handle-machine.ts";
import type { NativePath, OpenFile } from "../ports/file-host.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";

/** What a handle needs from the table that holds it. */
export interface FileHandleOwner {
  /** The handle is over: its id is free. */
  forget(handle: FileHandleActor): void;
  /** The machine itself failed. */
  fault(error: unknown): void;
}

const owners = actorOwners<FileHandleActor>();

const logic = fileHandleMachine.provide({
  actions: { release: ({ self }) => owners.of(self).effects.release() },
});

/** A file that one connection reads or writes in blocks: its machine and its descriptor. */
export class FileHandleActor implements WatchedEntity {
  /** The client's name for it. */
  readonly handleId: string;
  /** Resolves when the descriptor is closed. */
  readonly ended: Promise<void>;

  readonly #file: OpenFile;
  readonly #owner: FileHandleOwner;
  readonly #actor: Actor<typeof logic>;
  readonly #end = Promise.withResolvers<void>();

  constructor(handleId: string, file: OpenFile, owner: FileHandleOwner, ports: ActorSystemPorts) {
    this.handleId = handleId;
    this.ended = this.#end.promise;
    this.#file = file;
    this.#owner = owner;
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `file handle ${handleId}`,
      input: { handleId },
      onFault: (error) => {
        owner.fault(error);
        this.effects.release();
      },
    });
    this.#actor.start();
  }

  /** @inheritDoc */
  facts(): Facts {
    return { path: this.#file.path.toString() };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** Fills one block and tells how far; a failure ends the handle (04 F-45, F-46). */
  async read(offset: number | bigint, block: Uint8Array): Promise<number> {
    try {
      return await this.#file.read(offset, block);
    } catch (error) {
      tell(this.#actor, { type: "read.failed" });
      throw error;
    }
  }

  /** The path under which it was opened. */
  get path(): NativePath {
    return this.#file.path;
  }

  /** Puts bytes at an offset. A failure leaves the handle open: there may be room again. */
  write(offset: number | bigint, bytes: Uint8Array): Promise<void> {
    return this.#file.write(offset, bytes);
  }

  /** The client is done with it. */
  close(): void {
    tell(this.#actor, { type: "close" });
  }

  /** The connection that held it is gone (04 F-44). */
  connectionEnded(): void {
    tell(this.#actor, { type: "connection.ended" });
  }

  /** For the machine's actions only. */
  readonly effects = {
    release: (): void => {
      this.#owner.forget(this);
      // Nobody waits for a close; one that fails says that the system lost the descriptor, which is a fault of ours.
      void this.#file
        .close()
        .catch((error: unknown) => this.#owner.fault(error))
        .finally(this.#end.resolve);
    },
  };
}
