export { decodeBase64, encodeBase64 } from "./base64.ts";
export { decodeParams, decodeResult, decodeServerNotification } from "./decode.ts";
export {
  decodeMessage,
  encodeError,
  encodeMalformed,
  encodeNotification,
  encodeRequest,
  encodeResult,
  type Message,
  type RequestId,
} from "./envelope.ts";
export type { EnvironmentInfo } from "./environment.ts";
export { type ErrorName, errorCodes, errorName } from "./error-codes.ts";
export { type Effect, type LinkStanding, ProctorError, ProtocolError, RpcError, rpcError } from "./errors.ts";
export {
  clientNotifications,
  type MethodFamily,
  type Params,
  type RequestName,
  type Result,
  requests,
  type ServerNotification,
  type ServerNotificationName,
  serverNotifications,
  type WireParams,
  type WireResult,
} from "./methods.ts";
export { encodeClosed, encodeExited, encodeOutput, encodeOutputBytes, encodeProcessId } from "./output-frame.ts";
export * from "./path-uri/index.ts";
export type {
  EnvPolicy,
  OutputStream,
  ProcessReadParams,
  ProcessReadResult,
  ProcessStartParams,
  WriteStatus,
} from "./process.ts";
export type { PermissionProfile, SandboxContext } from "./sandbox.ts";
export type { TraceContext } from "./trace-context.ts";
