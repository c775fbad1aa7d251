import { execa } from "execa";
import { findBubblewrap } from "../src/executor/sandbox/bubblewrap.ts";

/**
 * Sees to it that this machine can confine programs: installs bubblewrap where it is missing and can be had. Where it cannot,
 * says what to do; everything but sandboxes works without it.
 */
async function installBubblewrap(): Promise<string> {
  const search = () => findBubblewrap(process.env.PATH ?? "");
  const present = await search().catch(() => null);
  if (present !== null) return present.file;
  if (process.platform === "linux" && process.getuid?.() === 0) {
    // apt-get talks on stderr, so that stdout carries the path alone; what keeps it from working is on the screen then.
    const aptGet = (...args: string[]) => execa("apt-get", args, { stdio: ["ignore", 2, 2], reject: false });
    const { failed } = await aptGet("install", "-y", "bubblewrap");
    // A fresh machine may not know yet what there is.
    if (failed) await aptGet("update");
    if (failed) await aptGet("install", "-y", "bubblewrap");
  }
  return (await search()).file;
}

if (import.meta.main) {
  try {
    console.log(await installBubblewrap());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}
