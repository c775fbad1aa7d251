/** One level of a {@link Logger}: facts with names, then a sentence. */
export type LogMethod = (facts: Readonly<Record<string, unknown>>, text: string) => void;

/**
 * Where Proctor writes what an operator should know; pino's loggers are such, and so are those of many other libraries. Facts
 * are plain values, and no secrets: session ids are shortened; arguments, environments, output and the content of files are
 * never among them. It is called at most a few times in the life of a connection, a session or a process, never per output.
 */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}
