/** What traces tell; every member has a default. */
export interface TelemetryOptions {
  /**
   * Whether spans carry the ids of processes (`process.id`), which clients choose (07 E-48). Default `false`: nothing in a trace
   * is of unbounded variety. Sessions and connections are never named.
   */
  readonly includeIds?: boolean | undefined;
}
