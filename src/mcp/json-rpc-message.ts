import { z } from "zod";
import { McpLineError } from "./mcp-errors.ts";

/**
 * A JSON-RPC message as MCP has them: a request, a notification or a response. Wide enough for the types of every line of the SDK,
 * which check the rest themselves.
 */
export interface JsonRpcMessage {
  readonly jsonrpc: "2.0";
  readonly id?: string | number | undefined;
  readonly method?: string | undefined;
}

const id = z.union([z.string(), z.number()]);
const jsonrpc = z.literal("2.0");
const message = z.union([
  z.looseObject({ jsonrpc, id: id.optional(), method: z.string() }),
  z.looseObject({ jsonrpc, id, result: z.looseObject({}) }),
  // Without an id: the error of a request that could not be read.
  z.looseObject({ jsonrpc, id: id.optional(), error: z.looseObject({ code: z.number() }) }),
]);

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * One line of a server's output.
 * @throws McpLineError for whatever is no message
 */
export function parseMessage(line: Uint8Array): JsonRpcMessage {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(line));
  } catch (error) {
    throw new McpLineError(line.length, error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8");
  }
  const { success, data } = message.safeParse(value);
  if (!success) throw new McpLineError(line.length, "it is not JSON-RPC 2.0");
  return data;
}
