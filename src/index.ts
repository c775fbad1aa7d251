export { BodyFailedError, BodyLostError } from "./actors/body-errors.ts";
export { EnvironmentStartError, EnvironmentUnavailableError } from "./actors/environment-errors.ts";
export type { EnvironmentState, EnvironmentStatus } from "./actors/environment-state.ts";
export {
  EventGapError,
  type GapEvent,
  type GapPolicy,
  type ProcessExit,
  type RemoteEvent,
} from "./actors/event-order.ts";
export {
  DisconnectedError,
  LinkClosedError,
  LinkFailedError,
  TooLargeError,
  TooManyCallsError,
  UnsupportedError,
} from "./actors/link-errors.ts";
export type { Dial } from "./actors/link-options.ts";
export type { LinkState } from "./actors/link-state.ts";
export { ProcessGoneError, SessionEndedError } from "./actors/observation-errors.ts";
export { ProcessLostError, type SeqRange } from "./actors/process-lost-error.ts";
export type { ConnectTarget } from "./client/connect.ts";
export { type ConfigIssue, type ConfigIssueCode, EnvironmentConfigError } from "./client/environments/config-error.ts";
export type { Environment } from "./client/environments/environment.ts";
export type {
  DialSource,
  DisabledSource,
  EnvironmentCapabilities,
  EnvironmentKind,
  EnvironmentSource,
  ProgramSource,
  ProviderSource,
  WebSocketSource,
} from "./client/environments/environment-source.ts";
export type { EnvironmentChange, Environments, EnvironmentsOptions } from "./client/environments/environments.ts";
export {
  environmentsFromFile,
  environmentsFromHome,
  environmentsFromVariables,
  proctorHome,
  type Variables,
} from "./client/environments/selection.ts";
export type { Files, InfoOptions, Services } from "./client/environments/services.ts";
export type { EnvironmentEntry, EnvironmentProvider, EnvironmentSnapshot } from "./client/environments/snapshot.ts";
export { UnknownEnvironmentError } from "./client/environments/unknown-environment-error.ts";
export type { FileOptions } from "./client/file-options.ts";
export type { ReadRange } from "./client/file-streams.ts";
export type { Link } from "./client/link.ts";
export type { Observation, ObservationState } from "./client/observation.ts";
export { type ObserveOptions, observe } from "./client/observe.ts";
export type { ObservedProcess } from "./client/observed-process.ts";
export { type OutputChunk, OutputMissedError } from "./client/output-reader.ts";
export type { ExecutorHeader, FetchInit, RemoteFetch, UnsupportedRedirect } from "./client/remote-fetch.ts";
export { FileChangedError } from "./client/remote-file-handle.ts";
export type {
  RemoteDirectoryEntry,
  RemoteFileInfo,
  RemoteFiles,
} from "./client/remote-files.ts";
export type { RemotePath } from "./client/remote-path.ts";
export type { RemoteProcess } from "./client/remote-process.ts";
export { PartialWriteError, type RemoteStdin, StdinClosedError } from "./client/remote-stdin.ts";
export {
  type PermissionProfile,
  type Sandbox,
  SandboxError,
  type SandboxPermissions,
  type SandboxPlace,
  type SandboxRules,
} from "./client/sandbox.ts";
export type { StartOptions } from "./client/start-options.ts";
export { LinkInTheWayError } from "./client/transfer/download.ts";
export type { SkippedEntry, TransferOptions, TransferProgress, TransferSummary } from "./client/transfer/transfer.ts";
export type { ConnectAttempt, ConnectProvider, ProvidedUrl } from "./client/url-provider.ts";
export type { WalkedEntry } from "./client/walk-tree.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export { Executor, type ExecutorOptions, type OutputRetention } from "./executor/executor.ts";
export { JournalInUseError } from "./executor/journal/journal-lock.ts";
export { type NodeHostOptions, nodeHost } from "./executor/node-host.ts";
export type { InspectOptions, Inspector } from "./inspector/inspector.ts";
export { RecordingError } from "./inspector/recording-error.ts";
export { type LocalEnvironmentOptions, localEnvironment } from "./local-environment.ts";
export { type InspectedEnvironments, type OpenEnvironmentsOptions, openEnvironments } from "./open-environments.ts";
export type { Clock } from "./ports/clock.ts";
export type { FileHost } from "./ports/file-host.ts";
export type { Host } from "./ports/host.ts";
export {
  HttpError,
  type HttpHeader,
  type HttpHost,
  type HttpRequest,
  type HttpResponse,
  type HttpTrouble,
} from "./ports/http-host.ts";
export {
  JournalError,
  type JournaledExit,
  type JournaledStart,
  type JournalPlace,
  type JournalStore,
  type ProcessJournal,
  type RestoredChunk,
  type RestoredProcess,
  type RestoredSession,
  type SessionJournal,
} from "./ports/journal-store.ts";
export type { Logger, LogMethod } from "./ports/logger.ts";
export {
  type Child,
  type ChildEnd,
  type ChildListener,
  type ChildSpec,
  type ChildStarter,
  type ProcessFamily,
  type ProcessHost,
  SpawnError,
} from "./ports/process-host.ts";
export type { Random } from "./ports/random.ts";
export type { SpillFile, SpillStore } from "./ports/spill-store.ts";
export type { Transport, TransportEnd, TransportListener } from "./ports/transport.ts";
export type { EnvironmentInfo } from "./protocol/environment.ts";
export { type Effect, type LinkStanding, ProctorError, ProtocolError, RpcError } from "./protocol/errors.ts";
export type { Feature, ListedProcess, SignalName } from "./protocol/extensions.ts";
export type { OutputStream, ResourceUsage } from "./protocol/process.ts";
export { type ServeOptions, type Server, serve } from "./serve.ts";
export type { TelemetryOptions } from "./telemetry/telemetry-options.ts";
export { ConnectError } from "./transports/connect-error.ts";
export { ListenError } from "./transports/listen-error.ts";
export { memoryTransportPair } from "./transports/memory-transport.ts";
export { ListenUrlError } from "./transports/parse-listen-url.ts";
