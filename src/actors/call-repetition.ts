import type { RequestName } from "../protocol/methods.ts";

/** These change nothing the second time, so that asking twice is as good as asking once (03 CL-21). */
export const repeatable: ReadonlySet<RequestName> = new Set([
  "environment/info",
  "process/read",
  "process/terminate",
  "fs/readFile",
  "fs/getMetadata",
  "fs/canonicalize",
  "fs/readDirectory",
  "fs/walk",
  "fs/open",
  "fs/close",
]);

/** These change something; with a key the executor knows a repetition and does it once (03 D-5). */
export const keyed: ReadonlySet<RequestName> = new Set(["fs/writeFile", "fs/createDirectory", "fs/remove", "fs/copy"]);
