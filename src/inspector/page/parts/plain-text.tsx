import { count } from "../history/figures.ts";

/** Longer texts are cut on the page: nobody reads them, and laying them out takes seconds. */
const mostCharacters = 400;

/** A text from outside: cut to a length that can be read, its control characters visible, its direction its own. */
export function PlainText({ text, most = mostCharacters }: { readonly text: string; readonly most?: number }) {
  return <bdi class="plain">{legible(text, most)}</bdi>;
}

/** What is shown of a text from outside. */
export function legible(text: string, most: number = mostCharacters): string {
  const cut = text.length > most ? `${text.slice(0, most)}… (${count(text.length)} characters)` : text;
  // Marks that turn the direction of what follows would let a name pose as another.
  return cut.replaceAll(/\p{Cc}/gu, picture).replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** A control character as Unicode draws it: ␀ ␊ ␛. */
function picture(control: string): string {
  const code = control.charCodeAt(0);
  if (code === 0x7f) return "␡";
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
}
