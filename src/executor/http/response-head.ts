import type { HttpHeader } from "../../ports/http-host.ts";
import { groupedHeaders } from "./grouped-headers.ts";

/** The headers of a response from the flat list of names and values that Node gives (06 H-30 to H-32). */
export function responseHeaders(raw: readonly string[]): HttpHeader[] {
  const headers: HttpHeader[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    headers.push([(raw[at] ?? "").toLowerCase(), textOf(raw[at + 1] ?? "")]);
  }
  return groupedHeaders(headers);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 where it is valid, else one character for each byte (06 H-31a). */
function textOf(octets: string): string {
  const text = octets.replace(/^[\t ]+|[\t ]+$/g, "");
  if (!/[\x80-\xff]/.test(text)) return text;
  try {
    return utf8.decode(Buffer.from(text, "latin1"));
  } catch (error) {
    if (error instanceof TypeError) return text;
    throw error;
  }
}
