import type { Clock } from "../ports/clock.ts";
import { FeedViewer, placeIn } from "./feed-viewer.ts";
import { Hub } from "./hub.ts";
import { type HistoryTitle, Observatory } from "./observatory.ts";
import { type RecordingFile, recordToFile } from "./recording-file.ts";
import { serveWeb, type WebServer } from "./web-server.ts";
import { XStateFeed } from "./xstate-feed.ts";

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

/** Shows a program while it runs. Ends with its owner: the server, the link or the environment that it was started with. */
export class Inspector implements AsyncDisposable {
  /** The register of all actors; to be handed on as `watch`. */
  readonly hub: Hub;
  /** The history, as long as somebody watches. */
  readonly observatory: Observatory;
  readonly #web: WebServer | null;
  readonly #recording: RecordingFile | null;
  #closing: Promise<void> | null = null;

  private constructor(observatory: Observatory, web: WebServer | null, recording: RecordingFile | null) {
    this.observatory = observatory;
    this.hub = observatory.hub;
    this.#web = web;
    this.#recording = recording;
  }

  /** @throws ListenError when the port cannot be bound, RecordingError when the file cannot be created */
  static async start(options: InspectOptions, title: HistoryTitle, clock: Clock): Promise<Inspector> {
    const { page = true, port = 0, control = false, record } = options;
    const observatory = new Observatory(new Hub(clock), title);
    const recording =
      record === undefined ? null : await recordToFile(observatory, record, (error) => process.emitWarning(error));
    try {
      const web = page ? await serveWeb(port, served(observatory, control, recording !== null)) : null;
      return new Inspector(observatory, web, recording);
    } catch (error) {
      await recording?.close();
      observatory[Symbol.dispose]();
      throw error;
    }
  }

  /** Opens the page in one browser, once; `null`: no page is served. */
  get url(): string | null {
    return this.#web?.url ?? null;
  }

  /** A URL for one more browser; one that was not used yet is void from now on. `null`: no page is served. */
  newUrl(): string | null {
    return this.#web?.newUrl() ?? null;
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
      await Promise.all([this.#recording?.close(), this.#web?.close()]);
    } finally {
      this.observatory[Symbol.dispose]();
    }
  }
}

function served(observatory: Observatory, control: boolean, recording: boolean) {
  return {
    session: { shows: "live", control, recording },
    streams: {},
    sockets: {
      "/feed": (socket: ConstructorParameters<typeof FeedViewer>[0], query: URLSearchParams) =>
        void new FeedViewer(socket, observatory, { control, place: placeIn(query) }),
      "/xstate": (socket: ConstructorParameters<typeof XStateFeed>[0]) => void new XStateFeed(socket, observatory),
    },
  };
}
