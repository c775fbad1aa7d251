import { inferConvention, PathUri } from "../protocol/path-uri/index.ts";

/** A path on the executor: absolute native text in its own convention, or a `file:` URI. */
export type RemotePath = string | URL;

/** The URI that goes over the wire; executors of later releases take nothing else (04 P-50). */
export function pathToWire(path: RemotePath): string {
  if (path instanceof URL) return PathUri.parse(path.href).canonical;
  if (/^file:/i.test(path)) return PathUri.parse(path).canonical;
  return PathUri.fromText(path, inferConvention(path) ?? "posix").canonical;
}

/** What the executor answered, as native text of its convention where it can be written so. */
export function pathFromWire(uri: string): string {
  return PathUri.parse(uri).display();
}
