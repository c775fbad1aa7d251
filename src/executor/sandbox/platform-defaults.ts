import type { FileView } from "./file-view.ts";

/** What `minimal` stands for: installed software and its settings, no home, no data (05 SB-L3). */
const places = ["/bin", "/sbin", "/usr", "/etc", "/lib", "/lib64", "/nix/store", "/run/current-system/sw"];

/** The system's read-only directories that this machine has. */
export function platformDirectories(view: FileView): string[] {
  return places.filter((path) => view.kindOf(path) === "directory");
}

/** Those that are links here: to be made again as links, or a file denied below the target would have a second name. */
export function platformLinks(view: FileView): string[] {
  return places.filter((path) => view.kindOf(path) === "symlink");
}
