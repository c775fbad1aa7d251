import { realpath } from "node:fs/promises";
import type { FileHost, FileOperation, NativePath } from "../../ports/file-host.ts";
import { nativePaths } from "../native-paths.ts";
import { attempt, refuseNul } from "./attempt.ts";
import { copy } from "./copy.ts";
import { createDirectory } from "./create-directory.ts";
import { metadata } from "./metadata.ts";
import { openForBlocks } from "./open-file.ts";
import { readDirectory } from "./read-directory.ts";
import { readRegularFile } from "./read-regular-file.ts";
import { remove } from "./remove.ts";
import { replaceFile } from "./replace-file.ts";
import { walk } from "./walk.ts";
import { writeFile } from "./write-file.ts";

/** The files of the machine this program runs on. */
export const nodeFileHost: FileHost = {
  os: nativePaths.os,
  readFile: checked("readFile", readRegularFile),
  writeFile: checked("writeFile", (path, bytes, options) =>
    options?.atomic === true ? replaceFile(path, bytes) : writeFile(path, bytes),
  ),
  createDirectory: checked("createDirectory", (path, options) => createDirectory(path, options)),
  metadata: checked("getMetadata", metadata),
  canonicalize: checked("canonicalize", (path) =>
    attempt<NativePath>("canonicalize", path, () => realpath(path, { encoding: "buffer" })),
  ),
  readDirectory: checked("readDirectory", readDirectory),
  remove: checked("remove", remove),
  async copy(source, destination, options) {
    refuseNul("copy", source);
    refuseNul("copy", destination);
    await copy(source, destination, options);
  },
  open: checked("open", openForBlocks),
  walk,
};

function checked<Rest extends readonly unknown[], T>(
  op: FileOperation,
  run: (path: NativePath, ...rest: Rest) => Promise<T>,
): (path: NativePath, ...rest: Rest) => Promise<T> {
  return async (path, ...rest) => {
    refuseNul(op, path);
    return run(path, ...rest);
  };
}
