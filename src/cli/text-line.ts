/** One event of a log for people: when, how grave, what, and its facts, each as `name=value`. Takes the line of JSON that pino made. */
export function textLine(json: string): string {
  const { time, level, msg, pid, ...facts }: Record<string, unknown> = JSON.parse(json);
  const told = Object.entries(facts).filter(([, value]) => value !== null);
  const words = told.map(([name, value]) => `${name}=${plain(value)}`);
  return `${[String(time), String(level).padEnd(5), String(msg), ...words].join(" ")}\n`;
}

/** Quoted where it would not be one word, so that no value can look like another one, or like a line. */
function plain(value: unknown): string {
  return typeof value === "string" && /^[\w./:[\]-]+$/.test(value) ? value : JSON.stringify(value);
}
