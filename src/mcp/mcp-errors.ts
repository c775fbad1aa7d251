import { ProctorError } from "../protocol/errors.ts";

/** A line of an MCP server that is no message; it was left out, and nothing else was. Its text is not told: it may be anything. */
export class McpLineError extends ProctorError {
  constructor(bytes: number, why: string) {
    super("mcpLine", `the MCP server wrote a line of ${bytes} bytes that is no message: ${why}`);
  }
}

/** A message that is longer than the transport carries. One that was to be sent was not; a server that wrote one is ended. */
export class McpMessageTooLongError extends ProctorError {
  readonly limitBytes: number;

  constructor(which: string, limitBytes: number) {
    super("mcpMessageTooLong", `${which} is longer than ${limitBytes} bytes`, { effect: "notApplied" });
    this.limitBytes = limitBytes;
  }
}

/** The transport was used before its start, twice, or after its end. */
export class McpTransportStateError extends ProctorError {
  constructor(message: string) {
    super("mcpTransportState", message, { effect: "notApplied" });
  }
}
