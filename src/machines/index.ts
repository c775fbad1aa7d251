import { connectionMachine } from "./connection-machine.ts";
import { environmentMachine } from "./environment-machine.ts";
import { fileHandleMachine } from "./file-handle-machine.ts";
import { fileHelperMachine } from "./file-helper-machine.ts";
import { httpBodyMachine } from "./http-body-machine.ts";
import { httpExchangeMachine } from "./http-exchange-machine.ts";
import { linkMachine } from "./link-machine.ts";
import { mcpServerMachine } from "./mcp-server-machine.ts";
import { observedProcessMachine } from "./observed-process-machine.ts";
import { processMachine } from "./process-machine.ts";
import { remoteProcessMachine } from "./remote-process-machine.ts";
import { sessionMachine } from "./session-machine.ts";

export { type ConnectionEvent, type ConnectionInput, connectionMachine } from "./connection-machine.ts";
export { type JsonValue, toJson, toMermaid } from "./diagram.ts";
export { type EnvironmentEvent, type EnvironmentInput, environmentMachine } from "./environment-machine.ts";
export { type FileHandleEvent, type FileHandleInput, fileHandleMachine } from "./file-handle-machine.ts";
export {
  type FileHelperContext,
  type FileHelperEvent,
  type FileHelperInput,
  fileHelperMachine,
} from "./file-helper-machine.ts";
export { type HttpBodyEvent, type HttpBodyInput, httpBodyMachine } from "./http-body-machine.ts";
export { type HttpExchangeEvent, type HttpExchangeInput, httpExchangeMachine } from "./http-exchange-machine.ts";
export type { LinkEvent, LinkInput } from "./link-context.ts";
export { linkMachine } from "./link-machine.ts";
export { type McpServerEvent, type McpServerInput, mcpServerMachine } from "./mcp-server-machine.ts";
export {
  type ObservedProcessEvent,
  type ObservedProcessInput,
  observedProcessMachine,
} from "./observed-process-machine.ts";
export { type ProcessEvent, type ProcessInput, processMachine } from "./process-machine.ts";
export { type RemoteProcessEvent, type RemoteProcessInput, remoteProcessMachine } from "./remote-process-machine.ts";
export { type SessionEvent, type SessionInput, sessionMachine } from "./session-machine.ts";

/** Every statechart by its name, the executor's side first. The name is also that of its page in `docs/statecharts`. */
export const machines = {
  process: processMachine,
  session: sessionMachine,
  connection: connectionMachine,
  "file-handle": fileHandleMachine,
  "file-helper": fileHelperMachine,
  "http-exchange": httpExchangeMachine,
  link: linkMachine,
  "remote-process": remoteProcessMachine,
  "observed-process": observedProcessMachine,
  "http-body": httpBodyMachine,
  environment: environmentMachine,
  "mcp-server": mcpServerMachine,
} as const;

/** The name of a statechart. */
export type MachineName = keyof typeof machines;
