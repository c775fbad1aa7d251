/**
 * A number in the text that `JSON.parse` would change: 16 digits and more, or a fraction or exponent. It follows `:`, `,`
 * or `[`; a hit inside a string costs time, nothing else.
 */
const inexactNumber = /[:,[]\s*-?\d+(?:[.eE]|\d{15})/;

/**
 * Parses JSON without rounding: integers beyond 2^53-1 become `bigint`, and numbers written with a fraction or an exponent
 * become `NaN`, which no schema of this protocol accepts (01 W-22, W-27). Messages without such numbers, nearly all, go
 * through plain `JSON.parse`.
 */
export function parseExactJson(text: string): unknown {
  return inexactNumber.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
}

function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  if (!/^-?\d+$/.test(context.source)) return Number.NaN;
  return Number.isSafeInteger(value) ? value : BigInt(context.source);
}

/** The other way round: a `bigint` is written digit for digit, where `JSON.stringify` alone refuses it. */
export function encodeExactJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, (_key, member) =>
      typeof member === "bigint" ? rawJson.rawJSON(String(member)) : member,
    );
  }
}

/** In every supported Node; not yet in TypeScript's library. */
const rawJson = JSON as unknown as { rawJSON(text: string): unknown };
