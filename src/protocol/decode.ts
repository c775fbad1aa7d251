import type { z } from "zod";
import { ProtocolError, rpcError } from "./errors.ts";
import {
  type Params,
  type RequestName,
  type Result,
  requests,
  type ServerNotification,
  type ServerNotificationName,
  serverNotifications,
} from "./methods.ts";

/**
 * The params of a request, decoded with defaults filled in.
 * @throws RpcError `invalidParams` naming the offending field (01 W-32, W-35).
 */
export function decodeParams<M extends RequestName>(method: M, params: unknown): Params<M> {
  const decoded = requests[method].params.safeParse(params);
  if (!decoded.success) throw rpcError("invalidParams", describeFault(decoded.error));
  // The table pairs each name with its schemas; TypeScript cannot follow an index by a type parameter.
  return decoded.data as Params<M>;
}

/**
 * The result of a request, as an executor answered it.
 * @throws ProtocolError naming the method and the offending field.
 */
export function decodeResult<M extends RequestName>(method: M, result: unknown): Result<M> {
  const decoded = requests[method].result.safeParse(result);
  if (!decoded.success) throw new ProtocolError(`the answer to ${method} is unusable: ${describeFault(decoded.error)}`);
  return decoded.data as Result<M>; // as above
}

/**
 * A notification from an executor; `undefined` for one this client does not know, which is ignored (01 W-51).
 * @throws ProtocolError when a known one does not decode.
 */
export function decodeServerNotification(method: string, params: unknown): ServerNotification | undefined {
  if (!isServerNotificationName(method)) return undefined;
  const decoded = serverNotifications[method].safeParse(params);
  if (!decoded.success)
    throw new ProtocolError(`the notification ${method} is unusable: ${describeFault(decoded.error)}`);
  return { method, params: decoded.data } as ServerNotification; // as above
}

function isServerNotificationName(name: string): name is ServerNotificationName {
  return Object.hasOwn(serverNotifications, name);
}

/** One sentence for the first fault, naming the field. */
function describeFault(error: z.ZodError): string {
  const issue = deepest(error.issues[0]);
  if (issue === undefined) return "invalid";
  const field = issue.path.join(".");
  if (field === "") return issue.message;
  if (issue.message.endsWith("received undefined")) return `missing field \`${field}\``;
  return `invalid field \`${field}\`: ${issue.message}`;
}

/** A union reports each alternative's faults; the one that got furthest into the value says most. */
function deepest(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue | undefined {
  if (issue?.code !== "invalid_union") return issue;
  const nested = issue.errors
    .map((alternative) => deepest(alternative[0]))
    .filter((candidate) => candidate !== undefined)
    .sort((a, b) => b.path.length - a.path.length)[0];
  return nested === undefined ? issue : { ...nested, path: [...issue.path, ...nested.path] };
}
