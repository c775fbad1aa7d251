import type { Caller, RequestHandlers } from "../../actors/request-handlers.ts";
import type { FileHost, NativePath } from "../../ports/file-host.ts";
import { decodeBase64 } from "../../protocol/base64.ts";
import type { MessageMemory } from "../../protocol/encoded-answer.ts";
import { rpcError } from "../../protocol/errors.ts";
import { PathUri } from "../../protocol/path-uri/index.ts";
import { LARGEST_SENT_BYTES } from "../../transports/message-limits.ts";
import { entryPath } from "../files/native-path.ts";
import { base64Fault } from "./base64-fault.ts";
import type { FileConfiner } from "./file-confinement.ts";
import { readWhole } from "./file-content.ts";
import { nativePath, type PathUse, pathCalls } from "./path-calls.ts";
import { walkLimits } from "./walk-limits.ts";

/** Bounds of the file methods. */
export interface FileRequestOptions {
  /** The largest file that `fs/readFile` answers whole; above it, `fs/open` reads in blocks (04 F-13). */
  readonly readLimitBytes?: number;
}

const envelopeBytes = 64 * 1024;

/**
 * About 45 MiB. Its base64 with the envelope stays below 60 MiB, so that a peer that takes messages of 64 MiB, as the
 * reference does (04 F-19), gets every answer; the reference's own limit of 512 MiB ends such a connection (04 F-14).
 */
export const defaultReadLimitBytes = Math.floor((LARGEST_SENT_BYTES - envelopeBytes) / 4) * 3;

/** The `fs/*` methods that name a path and need no handle (04 sections 10.1 to 10.8). */
export function fileRequests(
  host: FileHost,
  confine: FileConfiner,
  memory: MessageMemory,
  options: FileRequestOptions = {},
) {
  const limitBytes = options.readLimitBytes ?? defaultReadLimitBytes;

  const { inOrder, onPath } = pathCalls(host, confine);
  const uriOf = (path: NativePath) => PathUri.fromNative(path, host).canonical;

  return {
    "fs/readFile": (params, caller) =>
      onPath(params, { caller, mutates: false }, (path, files) => readWhole(files, path, limitBytes, memory)),

    "fs/writeFile": async (params, caller) => {
      // Before the path is converted (04 F-15).
      const bytes = decodeBase64(params.dataBase64);
      if (bytes === undefined) {
        const fault = base64Fault(params.dataBase64);
        throw rpcError("invalidRequest", `fs/writeFile requires valid base64 dataBase64: ${fault}`);
      }
      return onPath(params, use(params, caller), async (path, files) => {
        await files.writeFile(path, bytes, { atomic: params.atomic ?? false });
        return {};
      });
    },

    "fs/createDirectory": (params, caller) =>
      onPath(params, use(params, caller), async (path, files) => {
        await files.createDirectory(path, { recursive: params.recursive ?? true });
        return {};
      }),

    "fs/getMetadata": (params, caller) =>
      onPath(params, { caller, mutates: false }, async (path, files) => ({ ...(await files.metadata(path)) })),

    "fs/canonicalize": (params, caller) =>
      onPath(params, { caller, mutates: false }, async (path, files) => ({
        path: uriOf(await files.canonicalize(path)),
      })),

    "fs/readDirectory": (params, caller) =>
      onPath(params, { caller, mutates: false }, async (path, files) => ({
        entries: (await files.readDirectory(path)).map(({ name, isDirectory, isFile }) => ({
          fileName: name.toString(),
          isDirectory,
          isFile,
          path: uriOf(entryPath(path, name)),
        })),
      })),

    "fs/walk": async (params, caller) => {
      const limits = walkLimits(params.options);
      return onPath(params, { caller, mutates: false }, async (_path, files) => {
        const { entries, errors, truncated } = await files.walk(params.path, limits);
        return { entries: [...entries], errors: [...errors], truncated };
      });
    },

    "fs/remove": (params, caller) =>
      onPath(params, use(params, caller), async (path, files) => {
        await files.remove(path, { recursive: params.recursive ?? true, force: params.force ?? true });
        return {};
      }),

    "fs/copy": async (params, caller) => {
      const source = nativePath(params.sourcePath, host);
      const destination = nativePath(params.destinationPath, host);
      return inOrder([source, destination], params.sandbox, use(params, caller), async (files) => {
        await files.copy(source, destination, { recursive: params.recursive });
        return {};
      });
    },
  } satisfies RequestHandlers;
}

/** A call that changes something. */
function use({ idempotencyKey }: { readonly idempotencyKey: string | null }, caller: Caller): PathUse {
  return { caller, mutates: true, idempotencyKey };
}
