import { parseRecording } from "../history/recording.ts";
import type { Source } from "./source.ts";

/** A recording: all of it is there at once. `read` gives its text. */
export function recordingSource(name: string, read: () => Promise<string>): Source {
  let isClosed = false;
  return {
    start(listener) {
      const show = async () => {
        const { header, records, isCutOff } = parseRecording(await read());
        if (isClosed) return;
        listener.begin(header);
        listener.take(records);
        listener.tell({ kind: "recording", name, isCutOff });
      };
      show().catch((error: unknown) => {
        listener.tell({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
      });
    },
    follow: () => () => {},
    async order() {
      throw new Error("a recording takes no orders");
    },
    close() {
      isClosed = true;
    },
  };
}
