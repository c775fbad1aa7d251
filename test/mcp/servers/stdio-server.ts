// An MCP server on stdin and stdout. `hold` says on stderr that it waits, and answers with the content of its file once there is one.
import { existsSync, readFileSync, watch } from "node:fs";
import { dirname } from "node:path";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { toolServer } from "./tools.ts";

function contentOf(path: string): Promise<string> {
  return new Promise((resolve) => {
    const watcher = watch(dirname(path), () => look());
    const look = () => {
      if (!existsSync(path)) return;
      watcher.close();
      resolve(readFileSync(path, "utf8"));
    };
    console.error(`waiting for ${path}`);
    look();
  });
}

console.error("stärted");
await toolServer(contentOf).connect(new StdioServerTransport());
