export type { JsonRpcMessage } from "./json-rpc-message.ts";
export { McpLineError, McpMessageTooLongError, McpTransportStateError } from "./mcp-errors.ts";
export { mcpFetch } from "./mcp-fetch.ts";
export { type RemoteStdioOptions, RemoteStdioTransport } from "./remote-stdio-transport.ts";
