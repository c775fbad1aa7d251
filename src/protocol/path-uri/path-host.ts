/** How native path text is written: separators, roots, what counts as absolute. */
export type PathConvention = "posix" | "windows";

/** The machine on whose behalf a path is read or converted. A value, so that any host can be spoken for anywhere. */
export interface PathHost {
  readonly os: "linux" | "macos" | "windows";
}

/** How native paths of this host are written. */
export function conventionOfHost(host: PathHost): PathConvention {
  return host.os === "windows" ? "windows" : "posix";
}
