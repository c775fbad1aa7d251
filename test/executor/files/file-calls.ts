import { FileHandles } from "../../../src/actors/file-handles.ts";
import { OnDemand } from "../../../src/actors/on-demand.ts";
import { PathOrder } from "../../../src/actors/path-order.ts";
import type { Caller } from "../../../src/actors/request-handlers.ts";
import { nodeFileHost } from "../../../src/executor/files/node-file-host.ts";
import { FrameMemory } from "../../../src/executor/frame-memory.ts";
import { blockRequests } from "../../../src/executor/requests/block-requests.ts";
import { fileConfiner } from "../../../src/executor/requests/file-confinement.ts";
import { type FileRequestOptions, fileRequests } from "../../../src/executor/requests/file-requests.ts";
import { systemClock } from "../../../src/ports/clock.ts";
import type { FileHost } from "../../../src/ports/file-host.ts";
import { decodeParams } from "../../../src/protocol/decode.ts";
import { EncodedAnswer } from "../../../src/protocol/encoded-answer.ts";
import { RpcError } from "../../../src/protocol/errors.ts";
import type { Params, WireParams, WireResult } from "../../../src/protocol/methods.ts";
import { VirtualClock } from "../../virtual-clock.ts";

export type FileMethod = keyof (ReturnType<typeof fileRequests> & ReturnType<typeof blockRequests>);

/** What went wrong, as the wire shows it. */
export interface CallError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** The answer to a call: one of the two. */
export interface Answer<M extends FileMethod = FileMethod> {
  readonly result?: WireResult<M>;
  readonly error?: CallError;
}

/** Calls the file methods as one connection would, from the wire's params to the wire's answer. */
export type FileCall = <M extends FileMethod>(method: M, params: WireParams<M>) => Promise<Answer<M>>;

export function fileCalls(
  options: FileRequestOptions & { readonly host?: FileHost; readonly signal?: AbortSignal } = {},
): FileCall {
  const host = options.host ?? nodeFileHost;
  const memory = new FrameMemory(new VirtualClock());
  const confine = fileConfiner({ files: host, environment: () => ({}) }, null);
  const handlers = { ...fileRequests(host, confine, memory, options), ...blockRequests(host, confine, memory) };
  const fault = (error: unknown) => {
    throw error;
  };
  const caller = {
    paths: new PathOrder(),
    files: new OnDemand(() => new FileHandles({ clock: systemClock }, fault)),
    signal: options.signal ?? new AbortController().signal,
  } as Caller; // file methods have nothing to do with the session
  return async <M extends FileMethod>(method: M, params: WireParams<M>) => {
    // The table pairs each name with its handler; TypeScript cannot follow an index by a type parameter.
    const handle = handlers[method] as unknown as (
      params: Params<M>,
      caller: Caller,
    ) => Promise<WireResult<M> | EncodedAnswer>;
    try {
      return { result: plain<M>(await handle(decodeParams(method, params), caller)) };
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      return { error: { code: error.rpcCode, message: error.message, data: error.data } };
    }
  };
}

/** Bytes as the wire carries them. */
export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The result as its reader sees it. */
function plain<M extends FileMethod>(result: WireResult<M> | EncodedAnswer): WireResult<M> {
  if (!(result instanceof EncodedAnswer)) return result;
  const { result: read } = JSON.parse(Buffer.from(result.encode(1)).toString());
  result.sent();
  return read;
}
