import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** A file of the page. */
export interface PageFile {
  readonly status: 200 | 404 | 503;
  readonly contentType: string;
  readonly body: string | Buffer;
}

/** Where `npm run build:page` puts the page: the same place whether this runs from the source tree or from the package. */
export const builtPage = new URL("../../dist/inspector/page/", import.meta.url);

/** What to say when the page is not there. */
export const pageMissing = "the page of the inspector is not built; run: npm run build:page";

const plain = "text/plain; charset=utf-8";
const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".txt": plain,
};
/** Each segment begins with a letter, a digit or an underscore: no way leads up, and nothing is hidden. */
const safePath = /^(?:\/\w[\w.@-]*)+$/;

/**
 * The file of the page at a path. Paths without an extension are views of the page, which finds out by itself what to show there, so
 * they all have the same document.
 */
export async function pageFile(folder: URL, path: string): Promise<PageFile> {
  const extension = extname(path);
  if (extension === "") {
    const body = await read(folder, "/index.html");
    if (body === null) return { status: 503, contentType: plain, body: `${pageMissing}\n` };
    return { status: 200, contentType: contentTypes[".html"] ?? plain, body };
  }
  const contentType = contentTypes[extension];
  const body = contentType !== undefined && safePath.test(path) ? await read(folder, path) : null;
  if (body === null || contentType === undefined) return { status: 404, contentType: plain, body: "not found\n" };
  return { status: 200, contentType, body };
}

/** Is there a page to be served? */
export async function hasPage(folder: URL): Promise<boolean> {
  return (await read(folder, "/index.html")) !== null;
}

async function read(folder: URL, path: string): Promise<Buffer | null> {
  try {
    return await readFile(fileURLToPath(new URL(`.${path}`, folder)));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "ENOENT" || error.code === "EISDIR" || error.code === "ENOTDIR")
  );
}
