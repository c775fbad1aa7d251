import type { Clock } from "../../../ports/clock.ts";
import { LiveSource } from "./live-source.ts";
import { recordingSource } from "./recording-source.ts";
import type { Source } from "./source.ts";

/** What the server of this page shows. */
interface Session {
  readonly shows: "live" | "recording";
  readonly recording: boolean;
}

/** What the server of this page has to show. Throws when it does not let us in. */
export async function servedSource(clock: Clock): Promise<Source> {
  await showToken();
  const answer = await fetch("session");
  if (!answer.ok)
    throw new Error("this address has been used, or is too old: open the one that the program printed last");
  const session: Session = await answer.json();
  if (session.shows === "recording") {
    return recordingSource("recording.jsonl", async () => (await fetch("recording.jsonl")).text());
  }
  const url = new URL("feed", location.href);
  url.protocol = "ws:";
  url.hash = "";
  return new LiveSource({ url: url.href, clock, isRecording: session.recording });
}

/** Exchanges the token of the address for a cookie, and takes it out of the address. */
async function showToken(): Promise<void> {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  history.replaceState(null, "", "#/");
  await fetch("session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
}
