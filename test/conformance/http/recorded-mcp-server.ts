// An MCP server on stdio that answers each recorded line as it was answered then. Its argument is a RecordedServer as JSON.
import { createInterface } from "node:readline";
import type { RecordedServer } from "./mcp-recording.ts";

const { stderr, writes } = JSON.parse(process.argv[2] ?? "") as RecordedServer;
process.stderr.write(stderr);
for await (const line of createInterface({ input: process.stdin })) {
  const known = writes.find((write) => write.line === `${line}\n`);
  if (known === undefined) process.stderr.write(`unknown: ${line}\n`);
  else if (known.answer !== null) process.stdout.write(`${known.answer}\n`);
}
