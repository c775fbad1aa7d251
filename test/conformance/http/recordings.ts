/** The recorded sessions of HTTP requests. */
export const recordings = ["validation", "responses-redirects", "streaming", "disconnect-resume"] as const;

/** The recorded sessions of MCP clients, over HTTP and over stdio. */
export const mcpRecordings = ["mcp-orchestrator", "mcp-sdk-v1", "mcp-sdk-v2"] as const;

/** Those of a later release of the reference, 0.169.0, which the one that the tests run does not pass. */
export const laterRecordings = ["validation-later"] as const;
