/** The recorded sessions of HTTP requests. */
export const recordings = ["validation", "responses-redirects", "streaming", "disconnect-resume"] as const;

/** The recorded sessions of MCP clients, over HTTP and over stdio. */
export const mcpRecordings = ["mcp-orchestrator", "mcp-sdk-v1", "mcp-sdk-v2"] as const;
