import { access, constants, mkdir, mkdtemp } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

/** The release of the reference that the recordings and the tests speak of. */
export const CODEX_VERSION = "0.142.3";

/** How npm and the package's inside name the platforms that the reference is built for. */
const builds: Readonly<Record<string, { readonly suffix: string; readonly triple: string }>> = {
  "linux-x64": { suffix: "linux-x64", triple: "x86_64-unknown-linux-musl" },
  "linux-arm64": { suffix: "linux-arm64", triple: "aarch64-unknown-linux-musl" },
};

const cacheFolder = () => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "proctor");

const installFolder = () => join(cacheFolder(), `codex-${CODEX_VERSION}`);

function hostBuild() {
  const host = `${process.platform}-${process.arch}`;
  const build = builds[host];
  if (!build) throw new Error(`Codex ${CODEX_VERSION} is not built for ${host}`);
  return build;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * The path of the real Codex binary: `PROCTOR_CODEX`, or the one in the cache folder. Rejects with a sentence that says
 * how to get it when there is none; it never downloads (`node scripts/codex.ts` does).
 */
export async function codexBinary(): Promise<string> {
  const named = process.env.PROCTOR_CODEX;
  if (named) {
    if (await isExecutable(named)) return named;
    throw new Error(`PROCTOR_CODEX names ${named}, which is not an executable file`);
  }
  const cached = join(installFolder(), "node_modules/codex-bin/vendor", hostBuild().triple, "bin/codex");
  if (await isExecutable(cached)) return cached;
  throw new Error(
    `Codex ${CODEX_VERSION} is not at ${cached}: run \`node scripts/codex.ts\` to install it there, or set PROCTOR_CODEX`,
  );
}

/**
 * Makes a fresh, empty home for one run of Codex. It lies outside the temporary directory, where Codex refuses to link
 * its sandbox helper. The caller removes it.
 */
export async function codexHome(): Promise<string> {
  const homes = join(cacheFolder(), "homes");
  await mkdir(homes, { recursive: true });
  return mkdtemp(join(homes, "home-"));
}

/** Installs the reference into the cache folder (about 280 MB) unless it is there; returns its path. */
export async function installCodex(): Promise<string> {
  if (process.env.PROCTOR_CODEX) return codexBinary();
  const present = await codexBinary().catch(() => undefined);
  if (present) return present;
  const folder = installFolder();
  await mkdir(folder, { recursive: true });
  const alias = `codex-bin@npm:@openai/codex@${CODEX_VERSION}-${hostBuild().suffix}`;
  // npm talks on stderr, so that stdout carries the path alone.
  await execa("npm", ["install", "--no-save", "--prefix", folder, alias], { cwd: folder, stdio: ["ignore", 2, 2] });
  return codexBinary();
}

if (import.meta.main) console.log(await installCodex());
