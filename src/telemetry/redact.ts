/** The longest text that a log gets from outside. */
const longest = 300;

const secretName = "[\\w-]*(?:key|secret|token|passw(?:or)?d|pwd|credential|auth|cookie|signature)[\\w-]*";

/** What looks like a secret in a text, and what stands there instead. */
const secrets: readonly (readonly [RegExp, string])[] = [
  // Credentials of URLs, their queries and fragments.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@?#`'"]*@/gi, "$1"],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s?#`'"]*)[?#][^\s`'"]*/gi, "$1"],
  // Values of headers, variables, members and options whose names say so.
  [/\b(bearer|basic)\s+[^\s`'",;]+/gi, "$1 ***"],
  [new RegExp(`(${secretName}["']?\\s*[=:]\\s*)(?!(?:bearer|basic) )("[^"]*"|'[^']*'|[^\\s\`'",;]+)`, "gi"), "$1***"],
  [new RegExp(`(-${secretName}\\s+)[^\\s\`'",;]+`, "gi"), "$1***"],
  // Whoever knows the id of a session has the session.
  [/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "$1"],
  // Letters and digits without end.
  [/\b(?=[\w+-]*\d)(?=[\w+-]*[a-z])[\w+-]{24,}={0,2}/gi, "***"],
];

/** A text that can hold something of a peer, as it may stand in a log: in one line, and without what looks like a secret. */
export function redact(text: string): string {
  let safe = text.slice(0, 4 * longest);
  for (const [pattern, replacement] of secrets) safe = safe.replace(pattern, replacement);
  safe = safe.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
  return safe.length > longest ? `${safe.slice(0, longest)}…` : safe;
}

/** Enough of an id to tell two apart, too little to use it. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
