import type { Json } from "./records.ts";

/** What stands where something was left out. */
const hidden = "***";

/** The longest text that is shown whole, in UTF-16 units. */
const longestText = 2_048;
/** All arguments of a program together. */
const longestArgv = 16 * 1_024;
/** More members or elements than this are not shown. */
const mostMembers = 128;
/** Deeper than this nothing is shown. */
const deepest = 8;

/** Ids of sessions and connections. The same one is shortened to the same text everywhere, so that guards still compare alike. */
const uuid = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
/** Members whose value is never shown, whatever it is. */
const secretMember =
  /^(?:observerKey|env|environment|headers|body|bodyBase64|chunk|stdinBytes|bytes)$|pass(?:word|wd|phrase)|secret|token|credential|authorization|api[-_]?key|private[-_]?key|cookie/i;
/** Names of variables and options whose value is a secret. */
const secretName =
  /pass(?:word|wd|phrase)?$|^-{1,2}pw$|secret|token|credential|auth(?:orization)?$|api[-_]?key|access[-_]?key|private[-_]?key|signature|cookie|[-_]key$|^key$|dsn$/i;
/** Values that give themselves away: keys of well-known services, JSON web tokens. */
const secretValue =
  /\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|sk-[\w-]{16,}|sk_(?:live|test)_\w{10,}|AKIA[0-9A-Z]{12,}|ASIA[0-9A-Z]{12,}|AIza[\w-]{30,}|npm_\w{20,}|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)/g;
const privateKey = /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]*/;
/** Too short, and of too plain characters, for any of these. */
const harmless = /^[\w. -]{0,15}$/;
/** Random looking: long, and of capitals, small letters and digits. */
const randomLooking = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\w+=~-]{32,}$/;
// What comes before the sign that matters is bounded, or hostile texts would take quadratic time.
const url = /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"'<>]+/gi;
const urlParts = /^([^:]*:\/\/)(?:([^/?#]*)@)?([^?#]*)(\?[^#]*)?(#.*)?$/;
const authorization =
  /\b(authorization\s*[:=]\s*)(?:(?:bearer|basic|token)\s+)?[^\s"']+|\b(bearer|basic)\s+[\w+/=.~-]{8,}/gi;
/** `name=value` and `name: value` inside of a longer text, as in the script of a shell. */
const assignment = /(?<![\w-])(-{0,2}[\w.-]{1,64})(=|:\s?)("[^"]*"|'[^']*'|[^\s"';&|]+)/g;

/** A text without secrets, well formed, and bounded. */
export function redactText(text: string): string {
  if (harmless.test(text)) return text;
  const shown = text
    .slice(0, longestText + 256)
    .replace(privateKey, hidden)
    .replace(uuid, "$1")
    .replace(secretValue, hidden)
    .replace(url, redactedUrl)
    .replace(
      authorization,
      (_, name: string | undefined, scheme: string | undefined) => `${name ?? `${scheme} `}${hidden}`,
    )
    .replace(assignment, (whole, name: string, sign: string) =>
      secretName.test(name) ? `${name}${sign}${hidden}` : whole,
    );
  return cut(shown).toWellFormed();
}

/** The arguments of a program, those that look like secrets being masked. */
export function redactArgv(argv: readonly string[]): readonly string[] {
  let room = longestArgv;
  const shown = argv.slice(0, mostMembers).map((argument, index) => {
    room -= Math.min(argument.length, longestText);
    if (room < 0) return `(${argument.length} characters)`;
    const option = argv[index - 1];
    if (option?.startsWith("-") === true && !option.includes("=") && secretName.test(option)) return hidden;
    return randomLooking.test(argument) ? hidden : redactText(argument);
  });
  return argv.length > mostMembers ? [...shown, `and ${argv.length - mostMembers} more`] : shown;
}

/**
 * Anything at all as JSON without secrets: what an event or a context holds, or a fact. An error becomes its name, its message
 * and its plain members; what JSON cannot hold is named by its kind.
 */
export function redactJson(value: unknown, depth = 0): Json {
  switch (typeof value) {
    case "string":
      return redactText(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "object":
      break;
    case "bigint":
      return String(value);
    default:
      return null;
  }
  if (value === null) return null;
  if (depth >= deepest) return "(deeper)";
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (Array.isArray(value)) return value.slice(0, mostMembers).map((element) => redactJson(element, depth + 1));
  return redactMembers(value, depth);
}

/** Arguments never change, and are asked for again and again. */
const shownArgv = new WeakMap<readonly unknown[], readonly string[]>();

function argvOnce(argv: readonly unknown[]): readonly string[] {
  const known = shownArgv.get(argv);
  if (known !== undefined) return known;
  const shown = redactArgv(argv.map(String));
  shownArgv.set(argv, shown);
  return shown;
}

function redactMembers(value: object, depth: number): Json {
  const shown: Record<string, Json> = {};
  if (value instanceof Error) {
    shown.name = redactText(value.name);
    shown.message = redactText(value.message);
  }
  for (const [name, member] of Object.entries(value).slice(0, mostMembers)) {
    if (member === undefined || typeof member === "function" || name === "__proto__") continue;
    if (value instanceof Error && (name === "stack" || name === "cause")) continue;
    shown[cut(name).toWellFormed()] = redactMember(name, member, depth);
  }
  return shown;
}

function redactMember(name: string, member: unknown, depth: number): Json {
  if (secretMember.test(name)) return member === null ? null : hidden;
  if (name === "argv" && Array.isArray(member)) return argvOnce(member);
  // Those of other executors need not be UUIDs.
  if (name === "sessionId" && typeof member === "string") return member.slice(0, 8).toWellFormed();
  return redactJson(member, depth + 1);
}

/** Scheme, host and path; user, password, query and fragment can hold secrets. */
function redactedUrl(text: string): string {
  const [, scheme = "", user, place = "", query, fragment] = urlParts.exec(text) ?? [];
  return [
    scheme,
    user === undefined ? "" : `${hidden}@`,
    place,
    query === undefined ? "" : `?${hidden}`,
    fragment === undefined ? "" : `#${hidden}`,
  ].join("");
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}… (${text.length} characters)`;
}
