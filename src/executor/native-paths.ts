import type { PathHost } from "../protocol/path-uri/index.ts";

/** How paths of the machine this program runs on are written. */
export const nativePaths: PathHost = { os: osOf(process.platform) };

/** Every Unix but macOS writes paths as Linux does. */
function osOf(platform: NodeJS.Platform): PathHost["os"] {
  if (platform === "win32") return "windows";
  return platform === "darwin" ? "macos" : "linux";
}
