import type { Child, ChildListener, ChildSignal } from "../../ports/process-host.ts";
import type { ChildInput } from "./child-input.ts";
import type { ChildOutput } from "./child-output.ts";
import type { LaunchedProcess } from "./launch.ts";
import { ProcessGroup } from "./process-group.ts";

/** What a started program is connected with. */
export interface ChildParts {
  readonly process: LaunchedProcess;
  readonly outputs: readonly ChildOutput[];
  readonly input: ChildInput;
  /** Has it a terminal, so that an interrupt goes to the foreground? */
  readonly onTerminal: boolean;
  readonly resize: (rows: number, columns: number) => void;
  /** Kills the descendants that nothing but their mark leads to, soon. */
  readonly killEscaped: () => void;
}

/** A child of this machine, on pipes or on a terminal. */
export class PosixChild implements Child {
  readonly pid: number;
  readonly #outputs: readonly ChildOutput[];
  readonly #input: ChildInput;
  readonly #group: ProcessGroup;
  readonly #onTerminal: boolean;
  readonly #resize: (rows: number, columns: number) => void;
  readonly #killEscaped: () => void;

  constructor({ process, outputs, input, onTerminal, resize, killEscaped }: ChildParts, listener: ChildListener) {
    this.pid = process.pid;
    this.#outputs = outputs;
    this.#input = input;
    this.#onTerminal = onTerminal;
    this.#resize = resize;
    this.#killEscaped = killEscaped;
    this.#group = new ProcessGroup(process.pid);
    process.onEnd((end) => {
      this.#group.leaderReaped();
      for (const output of outputs) output.drain();
      listener.exited(end);
      input.childExited();
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#input.write(bytes);
  }

  endInput(): void {
    this.#input.end();
  }

  resize(rows: number, columns: number): void {
    this.#resize(rows, columns);
  }

  signal(signal: ChildSignal): void {
    if (signal === "SIGKILL") this.#killEscaped();
    if (this.#onTerminal && signal === "SIGINT") this.#group.interruptForeground();
    else this.#group.signal(signal);
  }

  pauseOutput(): void {
    for (const output of this.#outputs) output.pause();
  }

  resumeOutput(): void {
    for (const output of this.#outputs) output.resume();
  }

  release(unread?: "take"): void {
    this.#input.close();
    for (const output of this.#outputs) {
      if (unread === "take") output.drain();
      output.close();
    }
  }
}
