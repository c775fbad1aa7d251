import type { RequestHandlers } from "../../actors/request-handlers.ts";
import type { FileHost } from "../../ports/file-host.ts";
import type { MessageMemory } from "../../protocol/encoded-answer.ts";
import { rpcError } from "../../protocol/errors.ts";
import type { FileConfiner } from "./file-confinement.ts";
import { readBlock } from "./file-content.ts";
import { pathCalls } from "./path-calls.ts";

/** The longest block, in bytes (04 F-45). */
const longestBlock = 1_048_576;

/** The longest handle id, in bytes of UTF-8 (04 F-42). */
const longestId = 32;

/**
 * Files in blocks: `fs/open`, `fs/readBlock`, `fs/close` (04 section 10.9), and `fs/writeBlock` (10 section 3.3). Calls on one
 * handle keep their order with each other, and with calls on its path (04 F-7).
 */
export function blockRequests(host: FileHost, confine: FileConfiner, memory: MessageMemory) {
  const { inOrder, onPath } = pathCalls(host, confine);

  return {
    "fs/open": async (params, caller) => {
      checkId(params.handleId);
      const mode = params.mode ?? "read";
      await caller.files.part.open(params.handleId, () =>
        onPath(params, { caller, mutates: mode !== "read" }, (path, files) => files.open(path, mode)),
      );
      return { handleId: params.handleId };
    },

    "fs/readBlock": async ({ handleId, offset, len }, caller) => {
      checkId(handleId);
      checkLength("read", len);
      const handle = await caller.files.part.get(handleId);
      return inOrder([handle.path], null, { caller, mutates: false }, () =>
        readBlock(handle, offset, Number(len), memory),
      );
    },

    "fs/writeBlock": async ({ handleId, offset, chunk }, caller) => {
      checkId(handleId);
      checkLength("write", chunk.length);
      const handle = await caller.files.part.get(handleId);
      await inOrder([handle.path], null, { caller, mutates: true }, () => handle.write(offset, chunk));
      return {};
    },

    "fs/close": async ({ handleId }, { files, paths }) => {
      checkId(handleId);
      await files.part.close(handleId, (path, close) => paths.run([path], { mutates: true }, close));
      return {};
    },
  } satisfies RequestHandlers;
}

/** 04 F-45. */
function checkLength(direction: "read" | "write", length: number | bigint): void {
  if (length >= 1 && length <= longestBlock) return;
  throw rpcError("invalidRequest", `file ${direction} block length must be between 1 and ${longestBlock}`);
}

/** Before anything else, in all methods (04 F-42). */
function checkId(handleId: string): void {
  if (new TextEncoder().encode(handleId).length <= longestId) return;
  throw rpcError("invalidRequest", `file read handle ID must not exceed ${longestId} bytes`);
}
