/**
 * Does the whole name match the pattern, case ignored? `*` stands for any run of characters, `?` for exactly one, everything
 * else for itself (02 P-18). No regular expression: its time may grow beyond name times pattern, and patterns come from afar.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  const subject = folded(name);
  const tokens = folded(pattern);
  let at = 0;
  let token = 0;
  /** The last `*` and how far its run reaches; after a mismatch the run takes one character more. */
  let star = -1;
  let runEnd = 0;
  while (at < subject.length) {
    if (tokens[token] === "*") {
      star = token++;
      runEnd = at;
    } else if (tokens[token] === "?" || tokens[token] === subject[at]) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++runEnd;
    } else {
      return false;
    }
  }
  while (tokens[token] === "*") token++;
  return token === tokens.length;
}

/** One element a character; folded one by one, so that none becomes two. */
function folded(text: string): readonly string[] {
  return [...text].map((character) => character.toLowerCase());
}
