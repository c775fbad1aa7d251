import { readFileSync } from "node:fs";

/** That of the package, whose description lies two folders above this file in the source tree and in the package. */
export function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
