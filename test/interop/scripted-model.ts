import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { z } from "zod";

/** One call of a tool, as the model asks for it. `input` is for free-form tools, `arguments` for all others. */
export type ToolCall =
  | { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }
  | { readonly name: string; readonly input: string };

/** What the model says in one response: its calls, or a function of all that it was told so far. */
export type Step = readonly ToolCall[] | ((told: readonly ToolOutput[]) => readonly ToolCall[]);

const contentPart = z.union([
  z.object({ type: z.enum(["input_text", "output_text"]), text: z.string() }),
  z.object({ type: z.literal("input_image"), image_url: z.string() }),
]);
const toolOutput = z.object({
  type: z.enum(["function_call_output", "custom_tool_call_output"]),
  call_id: z.string(),
  output: z.union([z.string(), z.array(contentPart)]),
});
const message = z.object({ type: z.literal("message"), role: z.string(), content: z.array(contentPart) });
const responsesRequest = z.object({ instructions: z.string(), input: z.array(z.looseObject({ type: z.string() })) });

/** What the model was told that one call came to: text, or content parts where an image is among them. */
export interface ToolOutput {
  readonly callId: string;
  readonly output: string | readonly z.infer<typeof contentPart>[];
}

/** A message that the orchestrator put before the model: its own instructions, AGENTS.md, the environment, the user's words. */
export type PromptMessage = Pick<z.infer<typeof message>, "role" | "content">;

/** All that a model was told in one turn. */
export interface Told {
  /** The system prompt. */
  readonly instructions: string;
  /** The messages of the conversation, without the model's own. */
  readonly prompt: readonly PromptMessage[];
  /** What the calls came to, in the order in which the orchestrator listed them. */
  readonly outputs: readonly ToolOutput[];
}

/** A model on loopback that says what a script tells it to. */
export interface ScriptedModel extends AsyncDisposable {
  /** What a model provider's `base_url` is set to. */
  readonly baseUrl: string;
  /** What the model was told; throws when the orchestrator did not follow the script to its end. */
  told(): Told;
}

/**
 * Starts a model that speaks the Responses API and answers the n-th request with the n-th step, then with a closing
 * sentence. Calls are numbered `call-STEP-N`, from 1.
 */
export async function startScriptedModel(steps: readonly Step[]): Promise<ScriptedModel> {
  const requests: Told[] = [];
  let problem: unknown;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (request.method !== "POST") {
      response.setHeader("content-type", "application/json").end(JSON.stringify({ models: [], data: [] }));
      return;
    }
    const told = parseRequest(body);
    requests.push(told);
    const step = steps[requests.length - 1] ?? [];
    const calls = typeof step === "function" ? step(told.outputs) : step;
    const items = calls.map((call, index) => callItem(call, `call-${requests.length}-${index + 1}`));
    sendResponse(response, `response-${requests.length}`, items.length > 0 ? items : [closingMessage]);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      problem ??= error;
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a server that listens on TCP has no other kind of address
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    told() {
      if (problem !== undefined) throw problem;
      const last = requests.at(-1);
      if (last === undefined || requests.length !== steps.length + 1) {
        throw new Error(`the orchestrator asked the model ${requests.length} times, not ${steps.length + 1} times`);
      }
      return last;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const closingMessage = { type: "message", role: "assistant", content: [{ type: "output_text", text: "done" }] };

function callItem(call: ToolCall, callId: string): object {
  return "input" in call
    ? { type: "custom_tool_call", name: call.name, input: call.input, call_id: callId }
    : { type: "function_call", name: call.name, arguments: JSON.stringify(call.arguments), call_id: callId };
}

function parseRequest(body: string): Told {
  const { instructions, input } = responsesRequest.parse(JSON.parse(body));
  const outputs = input
    .filter((item) => item.type.endsWith("_call_output"))
    .map((item) => toolOutput.parse(item))
    .map(({ call_id, output }) => ({ callId: call_id, output }));
  const prompt = input
    .filter((item) => item.type === "message")
    .map((item) => message.parse(item))
    .filter(({ role }) => role !== "assistant")
    .map(({ role, content }) => ({ role, content }));
  return { instructions, prompt, outputs };
}

function sendResponse(response: ServerResponse, id: string, items: readonly object[]): void {
  const usage = {
    input_tokens: 1,
    output_tokens: 1,
    total_tokens: 2,
    input_tokens_details: null,
    output_tokens_details: null,
  };
  const events = [
    { type: "response.created", response: { id } },
    ...items.map((item) => ({ type: "response.output_item.done", item })),
    { type: "response.completed", response: { id, usage } },
  ];
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
}
