import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { z } from "zod";
import { RecordingError } from "./recording-error.ts";
import type { HeaderRecord } from "./records.ts";
import { serveWeb, type WebServer } from "./web-server.ts";

/** A header is shorter than that. */
const longestHeader = 64 * 1024;

const header = z.object({
  kind: z.literal("header"),
  v: z.literal(1),
  proctor: z.string(),
  side: z.enum(["executor", "client", "simulation"]),
  title: z.string(),
  startedAt: z.string(),
  machines: z.record(z.string(), z.string()),
});

/**
 * Serves the page with a recording, which is read as it is asked for and never held.
 * @throws RecordingError when the file cannot be read, or is no recording; ListenError when the port cannot be bound
 */
export async function serveRecording(path: string, { port = 0 } = {}): Promise<WebServer> {
  const { title } = await headerOf(path);
  return serveWeb(port, {
    session: { shows: "recording", control: false, recording: false, title },
    streams: {
      "/recording.jsonl": (response) => {
        const file = createReadStream(path);
        // Too late for an answer that says so: the page finds that the recording breaks off.
        file.on("error", () => response.destroy());
        response.on("close", () => file.destroy());
        file.pipe(response);
      },
    },
    sockets: {},
  });
}

/** The first line of a recording. @throws RecordingError when there is none */
export async function headerOf(path: string): Promise<HeaderRecord> {
  try {
    await using file = await open(path, "r");
    const line = await firstLine(file);
    const read = header.safeParse(JSON.parse(line));
    if (read.success) return read.data;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new RecordingError(`cannot read ${path}: ${text}`, { cause });
    }
  }
  throw new RecordingError(`${path} is not a recording of Proctor: its first line is no header of version 1`);
}

async function firstLine(file: FileHandle): Promise<string> {
  const bytes = Buffer.alloc(longestHeader);
  const { bytesRead } = await file.read(bytes, 0, longestHeader, 0);
  const text = bytes.toString("utf8", 0, bytesRead);
  return text.split("\n", 1)[0] ?? "";
}
