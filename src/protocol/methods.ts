import { z } from "zod";
import * as environment from "./environment.ts";
import * as extensions from "./extensions.ts";
import * as files from "./files.ts";
import * as http from "./http.ts";
import * as handshake from "./initialize.ts";
import * as processes from "./process.ts";

/** How the handshake errors name a group of methods (01 W-34). */
export type MethodFamily = "exec" | "filesystem" | "http" | "environment info";

interface RequestMethod<P extends z.ZodType, R extends z.ZodType> {
  readonly params: P;
  readonly result: R;
  /** `null`: this method is the handshake. */
  readonly family: MethodFamily | null;
}

function request<P extends z.ZodType, R extends z.ZodType>(
  family: MethodFamily | null,
  params: P,
  result: R,
): RequestMethod<P, R> {
  return { params, result, family };
}

/** Every request a client may send (01 section 10): name, what it takes, what it gives. */
export const requests = {
  initialize: request(null, handshake.initializeParams, handshake.initializeResult),
  "environment/info": request("environment info", environment.environmentInfoParams, environment.environmentInfoResult),
  "process/start": request("exec", processes.processStartParams, processes.processStartResult),
  "process/read": request("exec", processes.processReadParams, processes.processReadResult),
  "process/write": request("exec", processes.processWriteParams, processes.processWriteResult),
  "process/signal": request("exec", processes.processSignalParams, files.emptyResult),
  "process/terminate": request("exec", processes.processTerminateParams, processes.processTerminateResult),
  "process/closeStdin": request("exec", extensions.closeStdinParams, files.emptyResult),
  "process/resize": request("exec", extensions.resizeParams, files.emptyResult),
  "process/kill": request("exec", extensions.killParams, files.emptyResult),
  "session/list": request("exec", extensions.nothing, extensions.listResult),
  "session/end": request("exec", extensions.nothing, files.emptyResult),
  "session/observe": request("exec", extensions.observeParams, extensions.observeResult),
  "fs/readFile": request("filesystem", files.readFileParams, files.readFileResult),
  "fs/writeFile": request("filesystem", files.writeFileParams, files.emptyResult),
  "fs/createDirectory": request("filesystem", files.createDirectoryParams, files.emptyResult),
  "fs/getMetadata": request("filesystem", files.getMetadataParams, files.getMetadataResult),
  "fs/canonicalize": request("filesystem", files.canonicalizeParams, files.canonicalizeResult),
  "fs/readDirectory": request("filesystem", files.readDirectoryParams, files.readDirectoryResult),
  "fs/remove": request("filesystem", files.removeParams, files.emptyResult),
  "fs/copy": request("filesystem", files.copyParams, files.emptyResult),
  "fs/open": request("filesystem", files.openParams, files.openResult),
  "fs/readBlock": request("filesystem", files.readBlockParams, files.readBlockResult),
  "fs/writeBlock": request("filesystem", files.writeBlockParams, files.emptyResult),
  "fs/close": request("filesystem", files.closeParams, files.emptyResult),
  "fs/walk": request("filesystem", files.walkParams, files.walkResult),
  "http/request": request("http", http.httpRequestParams, http.httpRequestResult),
  "http/request/cancel": request("http", http.httpCancelParams, http.httpCancelResult),
} as const;

/** The one notification a client may send; its params mean nothing (01 W-32, W-38). */
export const clientNotifications = { initialized: z.unknown() } as const;

/** Every notification a client may receive (01 section 10). */
export const serverNotifications = {
  "process/output": processes.processOutputParams,
  "process/exited": processes.processExitedParams,
  "process/closed": processes.processClosedParams,
  "session/process": extensions.observedProcess,
  "session/ended": extensions.sessionEndedParams,
  "http/request/bodyDelta": http.httpBodyDeltaParams,
} as const;

export type RequestName = keyof typeof requests;
export type ServerNotificationName = keyof typeof serverNotifications;

/** What a handler receives: decoded, defaults filled in. */
export type Params<M extends RequestName> = z.output<(typeof requests)[M]["params"]>;
/** What a caller writes: as it goes over the wire. */
export type WireParams<M extends RequestName> = z.input<(typeof requests)[M]["params"]>;
/** What a caller receives: decoded. */
export type Result<M extends RequestName> = z.output<(typeof requests)[M]["result"]>;
/** What a handler gives: as it goes over the wire. */
export type WireResult<M extends RequestName> = z.input<(typeof requests)[M]["result"]>;
/** The decoded params of a notification from the server. */
export type ServerNotification = {
  [M in ServerNotificationName]: {
    readonly method: M;
    readonly params: z.output<(typeof serverNotifications)[M]>;
  };
}[ServerNotificationName];

/** Is this the name of a request of the protocol? */
export function isRequestName(name: string): name is RequestName {
  return Object.hasOwn(requests, name);
}
