import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

const text = (said: string) => ({ content: [{ type: "text" as const, text: said }] });

/** A server of the official SDK whose tools do what the tests need. @param held what `hold` waits for, once it has been called */
export function toolServer(held: (name: string) => Promise<string>): McpServer {
  const server = new McpServer({ name: "tools", version: "1.0.0" });
  server.registerTool("echo", { inputSchema: { said: z.string() } }, ({ said }) => text(said));
  server.registerTool("repeat", { inputSchema: { said: z.string(), times: z.number() } }, ({ said, times }) =>
    text(said.repeat(times)),
  );
  server.registerTool("hold", { inputSchema: { name: z.string() } }, async ({ name }, { _meta, sendNotification }) => {
    const { progressToken } = _meta ?? {};
    const params = { progressToken: progressToken ?? "", progress: 0 };
    if (progressToken !== undefined) await sendNotification({ method: "notifications/progress", params });
    return text(await held(name));
  });
  server.registerTool("count", { inputSchema: { to: z.number() } }, async ({ to }, { _meta, sendNotification }) => {
    const { progressToken } = _meta ?? {};
    for (let progress = 1; progress <= to && progressToken !== undefined; progress += 1) {
      await sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: to } });
    }
    return text(`counted to ${to}`);
  });
  return server;
}
