import type { NativePath } from "../../ports/file-host.ts";

// Paths are bytes. Lexical work is done on latin1 text, which is those bytes one to one.

function latin1(path: NativePath): string {
  return (typeof path === "string" ? Buffer.from(path) : path).toString("latin1");
}

/** The path of an entry of a directory. */
export function entryPath(directory: NativePath, name: Buffer): Buffer {
  const base = latin1(directory);
  return Buffer.from(`${base.endsWith("/") ? base : `${base}/`}${name.toString("latin1")}`, "latin1");
}

/** The path one level up and the last name; `null` at the root. */
export function splitPath(path: NativePath): { readonly parent: Buffer; readonly name: Buffer } | null {
  const text = latin1(path).replace(/\/+$/, "");
  if (text === "") return null;
  const cut = text.lastIndexOf("/");
  return { parent: Buffer.from(text.slice(0, cut) || "/", "latin1"), name: Buffer.from(text.slice(cut + 1), "latin1") };
}

/** Is `path` the directory `ancestor` or below it? Both resolved; compared by whole components. */
export function isWithin(path: NativePath, ancestor: NativePath): boolean {
  return `${latin1(path)}/`.startsWith(latin1(ancestor).replace(/\/*$/, "/"));
}

/** For people: bytes that are not UTF-8 become U+FFFD. */
export function pathText(path: NativePath): string {
  return path.toString();
}
