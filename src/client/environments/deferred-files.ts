import type { RemotePath } from "../remote-path.ts";
import type { Files } from "./services.ts";

/** Gives the files, once it is known where they are; the signal is that of the call that waits. */
type ReachFiles = (signal: AbortSignal | undefined) => Promise<Files>;

type Options<Operation extends keyof Files> = Exclude<Parameters<Files[Operation]>[1], RemotePath | Uint8Array>;

/** Files of a place that is reached with the first call. A stream belongs to the link over which it was opened. */
export class DeferredFiles implements Files {
  readonly #reach: ReachFiles;

  constructor(reach: ReachFiles) {
    this.#reach = reach;
  }

  async readFile(path: RemotePath, options?: Options<"readFile">): Promise<Uint8Array> {
    return (await this.#reach(options?.signal)).readFile(path, options);
  }

  async readTextFile(path: RemotePath, options?: Options<"readTextFile">): Promise<string> {
    return (await this.#reach(options?.signal)).readTextFile(path, options);
  }

  async writeFile(...call: Parameters<Files["writeFile"]>): Promise<void> {
    return (await this.#reach(call[2]?.signal)).writeFile(...call);
  }

  createReadStream(path: RemotePath, options?: Options<"createReadStream">): ReadableStream<Uint8Array> {
    const opening = this.#reach(options?.signal).then((files) => files.createReadStream(path, options).getReader());
    opening.catch(() => undefined); // told to whoever reads
    return new ReadableStream<Uint8Array>(
      {
        start: async () => void (await opening),
        async pull(controller) {
          const { value, done } = await (await opening).read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: async (reason) => (await opening).cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** Where the executor takes files only whole, the stream fails with the UnsupportedError. */
  createWriteStream(path: RemotePath, options?: Options<"createWriteStream">): WritableStream<string | Uint8Array> {
    const opening = this.#reach(options?.signal).then((files) => files.createWriteStream(path, options).getWriter());
    opening.catch(() => undefined); // told to whoever writes
    return new WritableStream<string | Uint8Array>({
      start: async () => void (await opening),
      write: async (data) => (await opening).write(data),
      close: async () => (await opening).close(),
      abort: async (reason) => (await opening).abort(reason),
    });
  }

  async createDirectory(path: RemotePath, options?: Options<"createDirectory">): Promise<void> {
    return (await this.#reach(options?.signal)).createDirectory(path, options);
  }

  async stat(path: RemotePath, options?: Options<"stat">): ReturnType<Files["stat"]> {
    return (await this.#reach(options?.signal)).stat(path, options);
  }

  async realpath(path: RemotePath, options?: Options<"realpath">): Promise<string> {
    return (await this.#reach(options?.signal)).realpath(path, options);
  }

  async list(path: RemotePath, options?: Options<"list">): ReturnType<Files["list"]> {
    return (await this.#reach(options?.signal)).list(path, options);
  }

  async remove(path: RemotePath, options?: Options<"remove">): Promise<void> {
    return (await this.#reach(options?.signal)).remove(path, options);
  }

  async copy(...call: Parameters<Files["copy"]>): Promise<void> {
    return (await this.#reach(call[2]?.signal)).copy(...call);
  }

  async *walk(path: RemotePath, options?: Options<"walk">): ReturnType<Files["walk"]> {
    yield* (await this.#reach(options?.signal)).walk(path, options);
  }

  async upload(...call: Parameters<Files["upload"]>): ReturnType<Files["upload"]> {
    return (await this.#reach(call[2]?.signal)).upload(...call);
  }

  async download(...call: Parameters<Files["download"]>): ReturnType<Files["download"]> {
    return (await this.#reach(call[2]?.signal)).download(...call);
  }
}
