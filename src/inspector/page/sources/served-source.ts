import type { Viewer } from "../viewer.ts";
import { recordingSource } from "./recording-source.ts";

/** Opens what the server of this page has to show. */
export function openServed(viewer: Viewer): void {
  viewer.open(recordingSource("recording.jsonl", async () => (await fetch("recording.jsonl")).text()));
}
