import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isObject, type JsonObject } from "../peer/message.ts";

/** What happened in a recorded session of HTTP requests, step by step. */
export type Step =
  | { readonly kind: "request"; readonly id: string; readonly method: string; readonly params: z.core.util.JSONType }
  | { readonly kind: "answer"; readonly id: string; readonly body: JsonObject }
  | { readonly kind: "frame"; readonly params: JsonObject }
  | { readonly kind: "dropped" };

const line = z.object({ dir: z.enum(["c", "s", "note"]), msg: z.json() });

/** Reads a recording; handshakes are left to whoever replays it. */
export async function readRecording(name: string): Promise<Step[]> {
  const text = await readFile(join(import.meta.dirname, "transcripts", `${name}.jsonl`), "utf8");
  const steps: Step[] = [];
  const handshakes = new Set<unknown>();
  for (const recorded of text.trimEnd().split("\n")) {
    const { dir, msg } = line.parse(JSON.parse(recorded));
    if (dir === "note" && String(msg).startsWith("connection closed")) steps.push({ kind: "dropped" });
    if (!isObject(msg)) continue;
    const { id, method, params = null } = msg;
    if (method === "initialize") handshakes.add(id);
    else if (dir === "c" && id !== undefined) {
      steps.push({ kind: "request", id: String(id), method: String(method), params });
    } else if (dir === "s" && isObject(params)) steps.push({ kind: "frame", params });
    else if (dir === "s" && !handshakes.delete(id)) steps.push({ kind: "answer", id: String(id), body: msg });
  }
  return steps;
}
