import type { HttpHeader } from "../../ports/http-host.ts";

/** Entries of one name stand together where the first one stood (06 H-14, H-30). */
export function groupedHeaders(headers: readonly HttpHeader[]): HttpHeader[] {
  return [...Map.groupBy(headers, ([name]) => name).values()].flat();
}
