import { closeSync, constants, openSync, readSync } from "node:fs";

/** What is known of a confined program besides its output and exit. */
export interface ProgramStatus {
  /** The leader of the group of the program; `null`: there is none yet, or it is the process that was started. */
  readonly childPid: number | null;
  /** Was it executed? Final once what was started has ended. */
  readonly hasRun: boolean;
  close(): void;
}

/** What bubblewrap tells of a program: the number of the first process inside, and whether it ran at all (05 SB-Q6). */
export class StatusPipe implements ProgramStatus {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(4 * 1024);
  #text = "";
  #isOpen = true;

  /** @param fd the end of the pipe to be read; taken over */
  constructor(fd: number) {
    // Anew, since reading must not wait, and only an open can say so.
    this.#fd = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
    closeSync(fd);
  }

  /** The leader of the group of the confined program; `null`: there is none yet. */
  get childPid(): number | null {
    this.#read();
    const pid = /"child-pid":\s*(\d+)/.exec(this.#text)?.[1];
    return pid === undefined ? null : Number(pid);
  }

  /** Was the program executed, and has ended? Final once bubblewrap has ended. */
  get hasRun(): boolean {
    this.#read();
    return /"exit-code":\s*\d+/.test(this.#text);
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  #read(): void {
    while (this.#isOpen) {
      const length = this.#readSome();
      if (length === 0) return;
      this.#text += this.#buffer.toString("latin1", 0, length);
    }
  }

  #readSome(): number {
    try {
      return readSync(this.#fd, this.#buffer);
    } catch {
      return 0; // EAGAIN: nothing there now
    }
  }
}
