import type { Clock } from "../ports/clock.ts";
import { Hub } from "./hub.ts";
import { type HistoryTitle, Observatory } from "./observatory.ts";
import { type RecordingFile, recordToFile } from "./recording-file.ts";

/** What to show of a program, and how. */
export interface InspectOptions {
  /** Whether to serve the page. Default `true`; `false` for a recording alone. */
  readonly page?: boolean | undefined;
  /** The port of the page, on loopback. Default 0: any free one. */
  readonly port?: number | undefined;
  /** Whether the page may write to the stdin of processes, signal and terminate them. Default `false`: it only shows. */
  readonly control?: boolean | undefined;
  /** A file to record to, which is overwritten; `proctor inspect FILE` opens it. Default: none. */
  readonly record?: string | undefined;
}

/** Shows a program while it runs. Disposed of with its owner. */
export class Inspector implements AsyncDisposable {
  readonly hub: Hub;
  readonly observatory: Observatory;
  readonly #recording: RecordingFile | null;
  #closing: Promise<void> | null = null;

  private constructor(observatory: Observatory, recording: RecordingFile | null) {
    this.observatory = observatory;
    this.hub = observatory.hub;
    this.#recording = recording;
  }

  /** @throws RecordingError when the file cannot be created */
  static async start(options: InspectOptions, title: HistoryTitle, clock: Clock): Promise<Inspector> {
    const observatory = new Observatory(new Hub(clock), title);
    const { record } = options;
    const recording =
      record === undefined ? null : await recordToFile(observatory, record, (error) => process.emitWarning(error));
    return new Inspector(observatory, recording);
  }

  /** Ends the page and completes the recording. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#recording?.close();
    } finally {
      this.observatory[Symbol.dispose]();
    }
  }
}
