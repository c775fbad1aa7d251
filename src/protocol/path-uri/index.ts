export { inferConvention } from "./convention.ts";
export type { PathConvention, PathHost } from "./path-host.ts";
export { PathUri } from "./path-uri.ts";
export { PathUriError, type PathUriFault } from "./path-uri-error.ts";
export { parseWirePath, type WirePathOptions } from "./wire-path.ts";
