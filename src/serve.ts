import {
  type ServeOptions as PlainServeOptions,
  type Server as PlainServer,
  serve as servePlainly,
} from "./executor/serve.ts";
import { type Inspectable, startInspector } from "./inspection.ts";
import type { Inspector } from "./inspector/inspector.ts";

/** How to serve. */
export interface ServeOptions extends Omit<PlainServeOptions, "watch">, Inspectable {}

/** A serving executor. */
export interface Server extends PlainServer {
  /** What shows it, if that was asked for; it ends with the server. */
  readonly inspector: Inspector | null;
}

/**
 * Runs an executor and lets orchestrators connect to it.
 * @throws ListenUrlError for an unusable `listen`, ListenError when the address, or that of the inspector, cannot be bound,
 * JournalError when the journal cannot be used, RecordingError when a recording cannot be written.
 */
export async function serve(options: ServeOptions = {}): Promise<Server> {
  const title = { side: "executor" as const, title: "executor" };
  const inspector = await startInspector(options, title);
  try {
    const server = await servePlainly({ ...options, watch: inspector?.hub });
    title.title = `executor ${server.url}`;
    const close = async () => {
      await server.close();
      await inspector?.close(); // last, so that it has seen the end
    };
    return { ...server, inspector, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await inspector?.close();
    throw error;
  }
}
