import { userInfo } from "node:os";
import { basename } from "node:path";
import { isObject, type Json, type JsonObject } from "../peer/message.ts";

/**
 * What differs between a recorded value and a seen one, as sentences. Members beyond the recorded ones are allowed at
 * every depth (later releases add some), and a value that was left out of the recording matches anything.
 */
export function differences(recorded: Json, seen: Json | undefined, path = "result"): string[] {
  if (recorded === "(left out)") return [];
  if (Array.isArray(recorded)) {
    if (!Array.isArray(seen)) return [`${path} is ${show(seen)}, not an array`];
    if (seen.length !== recorded.length) return [`${path} is ${show(seen)}, recorded ${show(recorded)}`];
    return recorded.flatMap((element, index) => differences(element, seen[index], `${path}[${index}]`));
  }
  if (isObject(recorded)) {
    if (!isObject(seen)) return [`${path} is ${show(seen)}, not an object`];
    return Object.entries(recorded).flatMap(([name, value]) => differences(value, seen[name], `${path}.${name}`));
  }
  return recorded === seen ? [] : [`${path} is ${show(seen)}, recorded ${show(recorded)}`];
}

/** A value in a message for people, cut at a readable length. */
export function show(value: unknown): string {
  const text = JSON.stringify(value, (_name, part) => (typeof part === "bigint" ? `${part}` : part)) ?? "absent";
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}

/** Texts that chapter 04 spells out. A server may say more around them, such as the name of the field. */
const quotedFileTexts = [
  /^path `.*` is not a file$/,
  /^'.*' is invalid on 'linux'$/,
  /^path is not absolute: /,
  /^fs\/copy /,
  /^fs\/writeFile requires valid base64 dataBase64: /,
  /^file (read|is too large) /,
  /^unknown file read handle /,
  /^at most \d+ file reads /,
  /^streaming file reads /,
  /^filesystem walk limits /,
  /^client must /,
];

/** Compares two error answers: the code, and the texts of the file methods that the specification quotes. */
export function errorDifferences(recorded: JsonObject, seen: JsonObject, isFileScenario: boolean): string[] {
  const wrong = differences(recorded.code ?? null, seen.code, "error.code");
  const text = String(recorded.message);
  if (!isFileScenario || !quotedFileTexts.some((quoted) => quoted.test(text))) return wrong;
  // Which symbol of a base64 text is at fault is the decoder's own wording (04 F-15).
  const fixed = text.replace(/(?<=valid base64 dataBase64: ).*/s, "");
  if (!String(seen.message).includes(fixed))
    wrong.push(`error.message is ${show(seen.message)}, recorded ${show(text)}`);
  return wrong;
}

/** The recordings were made in these days; a time from then was simply the time of the recording. */
const recordedAround = { from: Date.parse("2026-11-18"), until: Date.parse("2026-11-23") };

/**
 * Whether `createdAtMs` tells a birth time: never (the recordings show 0), always, or where the file system has one.
 */
export type BirthTime = "never" | "always" | "where known";

/**
 * Compares the metadata of a file. Times that a fixture set must come out to the millisecond; others, and the size of
 * a directory, belong to the machine.
 */
export function metadataDifferences(recorded: JsonObject, seen: JsonObject, birthTime: BirthTime): string[] {
  const { modifiedAtMs, createdAtMs, size, ...kind } = recorded;
  const wrong = differences(kind, seen);
  const madeByRecorder = Number(modifiedAtMs) > recordedAround.from && Number(modifiedAtMs) < recordedAround.until;
  if (madeByRecorder) wrong.push(...timeFaults("modifiedAtMs", seen.modifiedAtMs));
  else wrong.push(...differences(modifiedAtMs ?? null, seen.modifiedAtMs, "modifiedAtMs"));
  const isUntold = birthTime === "where known" && seen.createdAtMs === 0;
  if (birthTime !== "never" && !isUntold) wrong.push(...timeFaults("createdAtMs", seen.createdAtMs));
  else wrong.push(...differences(createdAtMs ?? null, seen.createdAtMs, "createdAtMs"));
  if (recorded.isDirectory !== true) wrong.push(...differences(size ?? null, seen.size, "size"));
  else if (!(Number.isSafeInteger(seen.size) && Number(seen.size) >= 0)) wrong.push(`size is ${show(seen.size)}`);
  return wrong;
}

function timeFaults(member: string, value: Json | undefined): string[] {
  return Number.isSafeInteger(value) && Number(value) > 0 ? [] : [`${member} is ${show(value)}, not a time`];
}

/** Compares two listings without regard to order, which is the kernel's (04 F-30). */
export function listingDifferences(recorded: JsonObject, seen: JsonObject): string[] {
  const sorted = (listing: JsonObject) =>
    Array.isArray(listing.entries)
      ? listing.entries.toSorted((a: Json, b: Json) => (nameOf(a) < nameOf(b) ? -1 : 1))
      : [`no entries: ${show(listing)}`];
  return differences(sorted(recorded), sorted(seen), "entries");
}

const nameOf = (entry: Json) => (isObject(entry) ? String(entry.fileName) : "");

/** What `environment/info` has to say on this machine (01 W-52): the login shell of the user who runs the tests. */
export function expectedEnvironmentInfo(): JsonObject {
  const { shell } = userInfo();
  return { shell: shell ? { name: basename(shell), path: shell } : { name: "bash", path: "/bin/bash" } };
}
