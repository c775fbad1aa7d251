import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";

const names = ["chromium-headless-shell", "chromium", "google-chrome", "chrome"];

/** The program of a Chromium for the tests of the page: `PROCTOR_CHROMIUM`, or what is on the path. Throws if there is none. */
export function findChromium(): string {
  const { PROCTOR_CHROMIUM: named, PATH = "" } = process.env;
  if (named !== undefined && named !== "") return named;
  const found = names
    .flatMap((name) => PATH.split(":").map((folder) => join(folder, name)))
    .find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Error(
    "there is no Chromium: install one (on Debian `apt-get install chromium-headless-shell`), or name one in PROCTOR_CHROMIUM",
  );
}

/** Sees to it that this machine has a Chromium: installs Debian's where there is none and it can be had. */
async function installChromium(): Promise<string> {
  try {
    return findChromium();
  } catch (error) {
    if (process.platform !== "linux" || process.getuid?.() !== 0) throw error;
  }
  // apt-get talks on stderr, so that stdout carries the path alone; what keeps it from working is on the screen then.
  const aptGet = (...args: string[]) => execa("apt-get", args, { stdio: ["ignore", 2, 2], reject: false });
  for (const name of ["chromium-headless-shell", "chromium"]) {
    const { failed } = await aptGet("install", "-y", "--no-install-recommends", name);
    if (!failed) return findChromium();
    // A fresh machine may not know yet what there is.
    await aptGet("update");
    if (!(await aptGet("install", "-y", "--no-install-recommends", name)).failed) return findChromium();
  }
  return findChromium();
}

if (import.meta.main) {
  try {
    console.log(await installChromium());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}
