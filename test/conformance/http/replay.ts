import { expect } from "vitest";
import { isObject, type Json, type JsonObject } from "../peer/message.ts";
import { RpcClient } from "../peer/rpc-client.ts";
import { type ServerKind, startServer } from "../peer/server.ts";
import { type HttpDeviation, httpDeviations } from "./deviations.ts";
import { recordedOrigins } from "./origins.ts";
import { readRecording } from "./recording.ts";

/** Puts the ports of this run in the place of recorded ones. */
type Translation = (text: string) => string;

/** What came back then, and what came back now. */
interface Answers {
  readonly recorded: JsonObject;
  readonly seen: JsonObject;
  readonly here: Translation;
}

/** Does again what the recording did, against other origins like those, and compares what comes back. */
export async function replayHttp(name: string, kind: ServerKind): Promise<void> {
  await using server = await startServer(kind);
  await using origins = await recordedOrigins();
  // Ports are the only numbers behind a host.
  const here: Translation = (text) =>
    text.replace(
      /(?<=(?:127\.0\.0\.1|localhost|0x7f\.1)(?::|%3A))\d+/g,
      (port) => origins.byPort.get(port)?.url.split(":").at(-1) ?? port,
    );
  let client = await RpcClient.open(server.url);
  const sent = new Map<string, string>();
  const ended = new Map<string, number>();
  const recorded: JsonObject[] = [];
  try {
    for (const step of await readRecording(name)) {
      if (step.kind === "dropped") {
        const { sessionId } = client;
        client[Symbol.dispose]();
        client = await RpcClient.resume(server.url, sessionId);
        for (const table of [sent, ended]) table.clear();
        recorded.length = 0;
      } else if (step.kind === "request")
        sent.set(step.id, client.send(step.method, JSON.parse(here(JSON.stringify(step.params))) as Json));
      else if (step.kind === "frame") {
        recorded.push(step.params);
        if (step.params.done !== true) continue;
        const requestId = String(step.params.requestId);
        const nth = (ended.get(requestId) ?? 0) + 1;
        ended.set(requestId, nth);
        const isOver = () => bodiesOf(framesOf(client), requestId).length >= nth;
        await client.until(isOver, `${requestId} has not ended`);
      } else {
        const id = sent.get(step.id);
        if (id === undefined) continue; // what was sent is not in the recording
        const { body } = await client.answer(id);
        const deviation =
          kind === "proctor"
            ? httpDeviations.find((other) => other.recording === name && other.id === step.id)
            : undefined;
        compareAnswer(`${name} ${step.id}`, { recorded: step.body, seen: body, here }, kind, deviation);
      }
    }
    for (const requestId of ended.keys()) {
      compareBodies(requestId, bodiesOf(recorded, requestId), bodiesOf(framesOf(client), requestId));
    }
  } finally {
    client[Symbol.dispose]();
  }
}

const framesOf = (client: RpcClient) => client.notifications.map(({ params }) => params);

interface Body {
  readonly text: string;
  readonly failed: boolean;
}

/** Of a body that broke off, more or less may have come: that is a matter of time. */
function compareBodies(requestId: string, wanted: readonly Body[], got: readonly Body[]): void {
  expect(
    got.map(({ failed }) => failed),
    requestId,
  ).toEqual(wanted.map(({ failed }) => failed));
  for (const [index, { text, failed }] of wanted.entries()) {
    const came = got[index]?.text ?? "";
    const length = failed ? Math.min(came.length, text.length) : Number.POSITIVE_INFINITY;
    expect(came.slice(0, length), requestId).toBe(text.slice(0, length));
  }
}

/** Of each body that has ended under an id: its text, and whether it broke off. How it was cut into frames means nothing. */
function bodiesOf(frames: readonly JsonObject[], requestId: string): Body[] {
  const bodies: Body[] = [];
  let text = "";
  let seq = 0;
  for (const frame of frames.filter((other) => other.requestId === requestId)) {
    seq += 1;
    expect(frame.seq, `number of a frame of ${requestId}`).toBe(seq);
    text += Buffer.from(String(frame.deltaBase64), "base64").toString("latin1");
    if (frame.done !== true) continue;
    bodies.push({ text, failed: frame.error !== null });
    text = "";
    seq = 0;
  }
  return bodies;
}

/** Texts of the specification; where the reference says no more than that it failed, ours goes on after the same beginning (06 H-44a). */
const prefixes = ["http/request failed: ", "failed to read http/request response body: "];

function compareAnswer(
  at: string,
  { recorded, seen, here }: Answers,
  kind: ServerKind,
  deviation: HttpDeviation | undefined,
): void {
  const { instead } = deviation ?? {};
  if (instead !== undefined && "code" in instead) return expect(seen.error, at).toMatchObject(instead);
  if (instead !== undefined && "status" in instead) return expect(seen.result, at).toMatchObject(instead);
  if (isObject(recorded.error)) {
    const { code, message } = recorded.error;
    expect(seen, at).toMatchObject({ error: { code: code as number } });
    const text = String(message);
    const prefix = prefixes.find((other) => text.startsWith(other)) ?? (text.startsWith("http/request ") ? text : "");
    const said = String((seen.error as JsonObject).message);
    return expect(said.slice(0, prefix.length), at).toBe(prefix);
  }
  expect(seen, at).toHaveProperty("result");
  const [wanted, got] = [recorded.result as JsonObject, seen.result as JsonObject];
  if (!("status" in wanted)) return;
  expect(got.status, at).toBe(wanted.status);
  // The reference drops headers that are not ASCII; ours keeps them (06 H-31a).
  const kept = (headers: Json | undefined) =>
    headersOf(headers).filter(([name]) => kind === "reference" || !/^x-(?:utf8|latin)$/.test(name));
  expect(kept(got.headers), at).toEqual(kept(wanted.headers));
  const [echo, wantedEcho] = [echoOf(got.bodyBase64), echoOf(wanted.bodyBase64, here)];
  if (instead !== undefined) {
    return expect(
      (echo as { headers: string[][] }).headers.map(([name]) => name),
      at,
    ).toEqual(instead.sent);
  }
  expect(echo, at).toEqual(wantedEcho);
}

/** What belongs to the machine, to the moment, and to the server that the origin is made with. */
const incidental = /^(?:date|connection|keep-alive|content-length|transfer-encoding|x-\d+|content-type)$/;

function headersOf(headers: Json | undefined): [string, string][] {
  return (headers as { name: string; value: string }[])
    .map(({ name, value }): [string, string] => [name, value])
    .filter(([name]) => !incidental.test(name));
}

/** A body; of an echoed request the headers sorted, since their order has no meaning when a redirect has changed them. */
function echoOf(bodyBase64: Json | undefined, here: Translation = (text) => text): unknown {
  const text = here(Buffer.from(String(bodyBase64), "base64").toString());
  if (!text.startsWith('{"method"')) return text.startsWith("\x1f") ? "compressed" : text;
  const { rawHeaders, ...rest } = JSON.parse(text) as { rawHeaders: string[] };
  const headers = Array.from({ length: rawHeaders.length / 2 }, (_, n) => rawHeaders.slice(2 * n, 2 * n + 2));
  return { ...rest, headers: headers.sort() };
}
