/** A URL as it may stand in error texts and logs: without credentials, query and fragment, which can hold secrets. */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return `(${url.length} characters that are no URL)`;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** A text as it may stand in error texts and logs: each URL in it without credentials, query and fragment. */
export function redactText(text: string): string {
  return text.replaceAll(/\b[a-z][a-z\d+.-]*:\/\/[^\s"'`<>]+/gi, (url) => redactUrl(url));
}
