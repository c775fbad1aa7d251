import { lstat, mkdir, open, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Random } from "../../ports/random.ts";
import { ProctorError, ProtocolError } from "../../protocol/errors.ts";
import { PathUri } from "../../protocol/path-uri/index.ts";
import { pathToWire, type RemotePath } from "../remote-path.ts";
import {
  eachAtOnce,
  smallFileBytes,
  type TransferOptions,
  type TransferSummary,
  TransferTally,
  type TreeFiles,
} from "./transfer.ts";

/** A directory was to be written into, and a link is in its place, which could lead anywhere on this machine. */
export class LinkInTheWayError extends ProctorError {
  /** The local path of the link. */
  readonly path: string;

  constructor(path: string) {
    super("linkInTheWay", `${path} is a link; nothing is written through it`);
    this.path = path;
  }
}

interface RemoteEntry {
  readonly remote: string;
  readonly local: string;
  /** Below the directory. */
  readonly path: string;
  readonly bytes: number;
}

/** Fetches a directory of the executor, and all below it (see `RemoteFiles.download`). */
export async function download(
  files: TreeFiles,
  remoteDirectory: RemotePath,
  localDirectory: string,
  options: TransferOptions & { readonly random: Random },
): Promise<TransferSummary> {
  const tally = new TransferTally(options);
  const { sandbox, cwd } = options;
  const root = await files.realpath(remoteDirectory, options);

  async function* found(
    remote: string,
    local: string,
    below: string,
    signal: AbortSignal,
  ): AsyncGenerator<RemoteEntry> {
    const terms = { sandbox, cwd, signal };
    if (below === "") await mkdir(local, { recursive: true });
    else await enterOrMake(local);
    for (const { name } of await files.list(remote, terms)) {
      const path = below === "" ? name : `${below}/${name}`;
      checkName(name, remote);
      if (name.includes("\ufffd")) {
        tally.skip(path, "name");
        continue;
      }
      const next = { remote: PathUri.parse(remote).join(name).canonical, local: join(local, name), path };
      const info = await files.stat(next.remote, terms);
      if (info.isSymlink) await link(next, signal);
      else if (info.isDirectory) {
        tally.directories += 1;
        yield* found(next.remote, next.local, path, signal);
      } else if (info.isFile) {
        tally.found(info.size);
        yield { ...next, bytes: info.size };
      } else tally.skip(path, "special");
    }
  }

  /** The text of a link does not go over the wire, but where it leads does: inside the tree that is as good. */
  async function link({ remote, local, path }: Omit<RemoteEntry, "bytes">, signal: AbortSignal): Promise<void> {
    const target = await files.realpath(remote, { sandbox, cwd, signal });
    const inside = partsBelow(target, root);
    if (inside === null) return tally.skip(path, "link");
    const existing = await lstat(local).catch(() => null);
    if (existing !== null) await rm(local); // of a file or link; a directory is not removed for it
    await symlink(relative(dirname(local), join(localDirectory, ...inside)) || ".", local);
    tally.links += 1;
  }

  async function* all(signal: AbortSignal): AsyncGenerator<RemoteEntry> {
    yield* found(pathToWire(remoteDirectory), localDirectory, "", signal);
    tally.counted();
  }

  await eachAtOnce(all, options, async ({ remote, local, path, bytes }, signal) => {
    const beside = join(dirname(local), `.proctor-${options.random.uuid()}`);
    const file = await open(beside, "wx");
    try {
      await using _closed = file;
      if (bytes <= smallFileBytes) {
        const content = await files.readFile(remote, { sandbox, cwd, signal });
        await file.writeFile(content);
        tally.moved(path, content.length);
      } else {
        for await (const piece of files.createReadStream(remote, { sandbox, cwd, signal })) {
          await file.writeFile(piece); // goes on where the last one ended
          tally.moved(path, piece.length);
        }
      }
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
    await rename(beside, local);
    tally.finished(path, 0);
  });
  return tally.summary;
}

/** A name is one name: an executor does not get to write elsewhere on this machine. */
function checkName(name: string, directory: string): void {
  const isPlain = name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
  if (!isPlain || (process.platform === "win32" && /[\\:]/.test(name))) {
    throw new ProtocolError(`${directory} is said to hold something called ${JSON.stringify(name)}`);
  }
}

/** A link that is there already leads somewhere else: nothing is written through it. */
async function enterOrMake(local: string): Promise<void> {
  await mkdir(local, { recursive: true });
  if ((await lstat(local)).isSymbolicLink()) throw new LinkInTheWayError(local);
}

/** The names that lead from a directory to something in it; `null`: it is elsewhere. */
function partsBelow(path: string, directory: string): string[] | null {
  const [inner, outer] = [path, directory].map((text) => text.split(/[/\\]/).filter(Boolean)) as [string[], string[]];
  const isBelow = outer.every((part, index) => inner[index] === part);
  return isBelow ? inner.slice(outer.length) : null;
}
