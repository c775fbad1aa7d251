import type { RequestHandlers } from "../../actors/request-handlers.ts";
import type { FileHost } from "../../ports/file-host.ts";
import { encodeBase64 } from "../../protocol/base64.ts";
import { rpcError } from "../../protocol/errors.ts";
import type { SandboxContext } from "../../protocol/sandbox.ts";
import { needsEnforcement } from "../sandbox-intent.ts";
import { answered, pathCalls } from "./path-calls.ts";

/** The longest block, in bytes (04 F-45). */
const longestBlock = 1_048_576;

/** The longest handle id, in bytes of UTF-8 (04 F-42). */
const longestId = 32;

/** Reading files in blocks: `fs/open`, `fs/readBlock`, `fs/close` (04 section 10.9). */
export function blockRequests(host: FileHost) {
  const { onPath } = pathCalls(host);

  return {
    "fs/open": async (params, caller) => {
      checkId(params.handleId);
      await caller.files.open(params.handleId, () => {
        refuseConfined(params.sandbox, host);
        return onPath(params, { caller, mutates: false }, (path) => host.open(path));
      });
      return { handleId: params.handleId };
    },

    "fs/readBlock": async ({ handleId, offset, len }, { files }) => {
      checkId(handleId);
      if (len < 1 || len > longestBlock) {
        throw rpcError("invalidRequest", `file read block length must be between 1 and ${longestBlock}`);
      }
      const handle = await files.get(handleId);
      const block = await answered(host, () => handle.read(offset, Number(len)));
      return { chunk: encodeBase64(block), eof: block.length < Number(len) };
    },

    "fs/close": async ({ handleId }, { files }) => {
      checkId(handleId);
      await files.close(handleId);
      return {};
    },
  } satisfies RequestHandlers;
}

/** A stream would outlive the helper that confines one call (04 F-49). */
function refuseConfined(sandbox: SandboxContext | null, host: FileHost): void {
  if (sandbox === null || !needsEnforcement(sandbox, host)) return;
  throw rpcError("invalidRequest", "streaming file reads do not support platform sandboxing");
}

/** Before anything else, in all three methods (04 F-42). */
function checkId(handleId: string): void {
  if (new TextEncoder().encode(handleId).length <= longestId) return;
  throw rpcError("invalidRequest", `file read handle ID must not exceed ${longestId} bytes`);
}
