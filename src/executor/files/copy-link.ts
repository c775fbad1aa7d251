import { readlink, symlink } from "node:fs/promises";
import { attempt } from "./attempt.ts";
import type { Place } from "./place.ts";

/** Makes a new link with the same text; whatever is at the destination already is EEXIST (04 section 10.8). */
export async function copyLink(source: Place, destination: Place): Promise<void> {
  const text = await attempt("copy", source.path, () => readlink(source.at, { encoding: "buffer" }));
  await attempt("copy", destination.path, () => symlink(text, destination.at));
}
