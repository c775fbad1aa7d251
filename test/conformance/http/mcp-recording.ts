import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isObject, type JsonObject } from "../peer/message.ts";

/** An HTTP exchange of a recording. */
export interface RecordedExchange {
  readonly params: JsonObject;
  readonly status: number;
  /** Of the response, without those that belong to the moment. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** Did the body end while it was recorded? */
  readonly isWhole: boolean;
}

/** An MCP server on stdio of a recording. */
export interface RecordedServer {
  readonly processId: string;
  readonly stderr: string;
  /** What was written to it, and the line that it answered with; `null`: none. */
  readonly writes: readonly { readonly line: string; readonly answer: string | null }[];
}

/** A recorded session of an MCP client. */
export interface McpRecording {
  readonly exchanges: readonly RecordedExchange[];
  readonly servers: readonly RecordedServer[];
}

const line = z.object({ dir: z.enum(["c", "s", "note"]), msg: z.json() });
const decoded = (base64: unknown) => Buffer.from(String(base64), "base64").toString();
const ofTheMoment = /^(?:date|connection|keep-alive|content-length|transfer-encoding)$/;

/** Reads one: all of its connections together, since a `requestId` is never used twice. */
export async function readMcpRecording(name: string): Promise<McpRecording> {
  const text = await readFile(join(import.meta.dirname, "transcripts", `${name}.jsonl`), "utf8");
  const messages = text
    .trimEnd()
    .split("\n")
    .map((each) => line.parse(JSON.parse(each)));
  const exchanges: { params: JsonObject; result: JsonObject | null; body: string; isWhole: boolean }[] = [];
  const servers = new Map<string, { stderr: string; written: string[]; printed: string }>();
  /** Requests without an answer, by their ids, which connections share: the oldest is answered first. */
  const open = new Map<string, (typeof exchanges)[number][]>();
  for (const { dir, msg } of messages) {
    if (!isObject(msg) || dir === "note") continue;
    const { id, method, params, result } = msg;
    const processId = isObject(params) ? String(params.processId) : "";
    if (method === "http/request" && isObject(params)) {
      const exchange = { params, result: null, body: "", isWhole: false };
      exchanges.push(exchange);
      open.set(String(id), [...(open.get(String(id)) ?? []), exchange]);
    } else if (isObject(result) && typeof result.status === "number") {
      const exchange = open.get(String(id))?.shift();
      if (exchange === undefined) continue;
      exchange.result = result;
      if (exchange.params.streamResponse === true) continue;
      exchange.body = decoded(result.bodyBase64);
      exchange.isWhole = true;
    } else if (method === "http/request/bodyDelta" && isObject(params)) {
      const exchange = exchanges.find((each) => each.params.requestId === params.requestId);
      if (exchange === undefined) continue;
      exchange.body += decoded(params.deltaBase64);
      exchange.isWhole = params.done === true;
    } else if (method === "process/start") servers.set(processId, { stderr: "", written: [], printed: "" });
    else if (method === "process/write" && isObject(params))
      servers.get(processId)?.written.push(decoded(params.chunk));
    else if (method === "process/output" && isObject(params)) {
      const server = servers.get(processId);
      if (server === undefined) continue;
      if (params.stream === "stderr") server.stderr += decoded(params.chunk);
      else server.printed += decoded(params.chunk);
    }
  }
  return {
    exchanges: exchanges.map(({ params, result, body, isWhole }) => ({
      params,
      status: Number(result?.status),
      headers: headersOf(result).filter(([header]) => !ofTheMoment.test(header)),
      body,
      isWhole,
    })),
    servers: [...servers].map(([processId, { stderr, written, printed }]) => ({
      processId,
      stderr,
      writes: written.map((each) => ({ line: each, answer: answerTo(each, printed) })),
    })),
  };
}

/** The headers of a result, as pairs. */
export function headersOf(result: JsonObject | null): [string, string][] {
  return ((result?.headers ?? []) as { name: string; value: string }[]).map(({ name, value }) => [name, value]);
}

function answerTo(request: string, printed: string): string | null {
  const { id } = JSON.parse(request) as { id?: unknown };
  const answers = printed.split("\n").filter((each) => each !== "" && (JSON.parse(each) as { id?: unknown }).id === id);
  return id === undefined ? null : (answers[0] ?? null);
}
