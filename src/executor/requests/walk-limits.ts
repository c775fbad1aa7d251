import type { WalkLimits } from "../../ports/file-host.ts";
import { rpcError } from "../../protocol/errors.ts";
import type { Params } from "../../protocol/methods.ts";

/** The most that one walk may ask for (04 part C). */
const most = { maxDepth: 64, maxDirectories: 10_000, maxEntries: 50_000 } as const;

/** The limits of a walk as they were asked for. @throws RpcError `invalidRequest`, before the path is touched (04 W-1). */
export function walkLimits(asked: Params<"fs/walk">["options"]): WalkLimits {
  const { maxDepth, maxDirectories, maxEntries } = asked;
  if (maxDirectories < 1 || maxEntries < 1) {
    throw rpcError("invalidRequest", "filesystem walk limits must be greater than zero");
  }
  if (maxDepth > most.maxDepth || maxDirectories > most.maxDirectories || maxEntries > most.maxEntries) {
    throw rpcError(
      "invalidRequest",
      `filesystem walk limits exceed maximums: depth=${most.maxDepth}, directories=${most.maxDirectories}, entries=${most.maxEntries}`,
    );
  }
  return {
    ...asked,
    maxDepth: Number(maxDepth),
    maxDirectories: Number(maxDirectories),
    maxEntries: Number(maxEntries),
  };
}
