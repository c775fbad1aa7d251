import type { BigIntStats } from "node:fs";
import { lstat, mkdir, realpath } from "node:fs/promises";
import { FileError, FileRefusedError, type NativePath } from "../../ports/file-host.ts";
import { attempt, isMissing } from "./attempt.ts";
import { copyFile } from "./copy-file.ts";
import { copyLink } from "./copy-link.ts";
import { createDirectory } from "./create-directory.ts";
import { entryPath, isWithin, splitPath } from "./native-path.ts";
import { OpenDirectory } from "./open-directory.ts";
import { type Place, placeOf } from "./place.ts";
import { isSameFile } from "./same-file.ts";

/**
 * Copies a directory and what is in it, merging into what is there (04 section 10.8): missing parents are made, modes of
 * directories are not kept, links are copied as links, FIFOs, sockets and devices are skipped. Stops at the first conflict;
 * what was copied stays.
 *
 * The destination itself may be a link to a directory, but a link *inside* the destination is never followed: it is a
 * conflict (EEXIST), as an entry of any other wrong kind is. Otherwise a link that somebody left there would have the copy
 * write outside of the place that the caller named (04 F-41).
 */
export async function copyTree(source: NativePath, destination: NativePath): Promise<void> {
  const real = await attempt("copy", source, () => realpath(source, { encoding: "buffer" }));
  if (isWithin(await resolveExisting(destination), real)) throw intoItself(destination);
  await createDirectory(destination, { recursive: true }, "copy");
  await using from = await OpenDirectory.open(placeOf(source), "copy", { follow: false });
  await using to = await OpenDirectory.open(placeOf(destination), "copy", { follow: true });
  await copyEntries(from, to, { destination, stats: to.stats });
}

/** Where the copy began: a source directory that turns out to be this one, as through a bind mount, would never end. */
interface Root {
  readonly destination: NativePath;
  readonly stats: BigIntStats;
}

async function copyEntries(from: OpenDirectory, to: OpenDirectory, root: Root): Promise<void> {
  for (const entry of await from.entries()) {
    const source = from.entry(entry.name);
    const destination = to.entry(entry.name);
    if (entry.isSymbolicLink()) await copyLink(source, destination);
    else if (entry.isFile()) await copyFile(source, destination, { followDestination: false, knownAsFile: true });
    else if (entry.isDirectory()) await copyDirectory(source, destination, root);
  }
}

async function copyDirectory(source: Place, destination: Place, root: Root): Promise<void> {
  await using from = await OpenDirectory.open(source, "copy", { follow: false });
  if (isSameFile(from.stats, root.stats)) throw intoItself(root.destination);
  await enterOrMake(destination);
  await using to = await OpenDirectory.open(destination, "copy", { follow: false });
  await copyEntries(from, to, root);
}

async function enterOrMake(place: Place): Promise<void> {
  try {
    await attempt("copy", place.path, () => mkdir(place.at));
  } catch (error) {
    if (!(error instanceof FileError && error.errno === "EEXIST")) throw error;
    const present = await attempt("copy", place.path, () => lstat(place.at));
    if (!present.isDirectory()) throw error;
  }
}

function intoItself(destination: NativePath): FileRefusedError {
  return new FileRefusedError(
    "fs/copy cannot copy a directory to itself or one of its descendants",
    "copy",
    destination,
  );
}

/** Links resolved as far as the path exists, the rest appended (04 F-38). */
async function resolveExisting(path: NativePath): Promise<NativePath> {
  const rest: Buffer[] = [];
  for (let existing: NativePath = path; ; ) {
    try {
      const real: NativePath = await attempt("copy", existing, () => realpath(existing, { encoding: "buffer" }));
      return rest.reduceRight<NativePath>((base, name) => entryPath(base, name), real);
    } catch (error) {
      const split = splitPath(existing);
      if (!isMissing(error) || split === null) throw error;
      rest.push(split.name);
      existing = split.parent;
    }
  }
}
