import type { LinkClosedError, LinkFailedError } from "./link-errors.ts";
import type { CatchUpRead, ProcessFollower, ProcessNotification } from "./process-follower.ts";

/** Who follows which process of a link; one at a time for each id (03 CL-33). */
export class Followers {
  readonly #byProcess = new Map<string, ProcessFollower>();

  /** Routes what is said of a process to its follower from now on. */
  add(processId: string, follower: ProcessFollower): void {
    this.#byProcess.set(processId, follower);
  }

  /** Ends that, if it is still this follower that does (03 I-26). */
  remove(processId: string, follower: ProcessFollower): void {
    if (this.#byProcess.get(processId) === follower) this.#byProcess.delete(processId);
  }

  /** Hands a notification on; one about a process that nobody follows is ignored (03 CL-6). */
  notified(notification: ProcessNotification): void {
    this.#byProcess.get(notification.params.processId)?.notified(notification);
  }

  /**
   * Catches every process up, all at once, those first for which somebody waits: the rest may have to wait for a place (03 D-9).
   * Rejects when the connection is lost.
   */
  async catchUp(read: CatchUpRead): Promise<void> {
    const ordered = [...this.#byProcess.values()].toSorted((a, b) => Number(b.isAwaited) - Number(a.isAwaited));
    await Promise.all(ordered.map((follower) => follower.catchUp(read)));
  }

  /** Nobody hears anything any more. */
  linkEnded(error: LinkFailedError | LinkClosedError): void {
    const followers = [...this.#byProcess.values()];
    this.#byProcess.clear();
    for (const follower of followers) follower.linkEnded(error);
  }
}
