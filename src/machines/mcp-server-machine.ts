import { setup } from "xstate";
import { unprovided } from "./unprovided.ts";

/** What can happen to an MCP server that is spoken to over its stdin and stdout. */
export type McpServerEvent =
  | { readonly type: "start" }
  | { readonly type: "server.started" }
  | { readonly type: "start.failed" }
  | { readonly type: "server.closed" }
  | { readonly type: "server.failed" }
  | { readonly type: "close" };

/** What differs from server to server. */
export interface McpServerInput {
  /** Can the executor be told to close the server's stdin? */
  readonly canEndInput: boolean;
  /** How long each step of the farewell may take, in milliseconds. */
  readonly graceMs: number;
}

/**
 * An MCP server that runs as a process of an executor, as its client's transport sees it. Leaving is the shutdown that MCP asks
 * for: its stdin is closed, where the executor can do that; a server that is still there after a grace is asked to end by a signal;
 * one that does not is killed (06 M-6). It is Closed when its output has ended, and nothing is left of it.
 */
export const mcpServerMachine = setup({
  types: {} as { context: McpServerInput; input: McpServerInput; events: McpServerEvent; tags: "usable" },
  guards: { canEndInput: ({ context }) => context.canEndInput },
  actions: {
    /** Gives the start up; a server that runs already is killed. */
    abandonStart: unprovided("abandonStart"),
    /** Closes its stdin. */
    endInput: unprovided("endInput"),
    /** Asks it to end, by a signal. */
    askToEnd: unprovided("askToEnd"),
    /** Kills it and its group. */
    kill: unprovided("kill"),
    /** Tells whoever uses the transport that it is over. */
    announce: unprovided("announce"),
  },
  delays: { grace: ({ context }) => context.graceMs },
}).createMachine({
  id: "mcpServer",
  context: ({ input }) => input,
  initial: "Idle",
  states: {
    Idle: { on: { start: "Starting", close: "Closed" } },
    Starting: { on: { "server.started": "Running", "start.failed": "Closed", close: "Abandoning" } },
    Abandoning: {
      entry: "abandonStart",
      on: { "server.started": "Leaving.Killing", "start.failed": "Closed" },
    },
    Running: {
      tags: "usable",
      on: {
        close: [{ guard: "canEndInput", target: "Leaving.EndingInput" }, "Leaving.AskingToEnd"],
        "server.failed": "Leaving.Killing",
        "server.closed": "Closed",
      },
    },
    Leaving: {
      on: { "server.closed": "Closed", "server.failed": ".Killing" },
      initial: "EndingInput",
      states: {
        EndingInput: { entry: "endInput", after: { grace: "AskingToEnd" } },
        AskingToEnd: { entry: "askToEnd", after: { grace: "Killing" } },
        Killing: { entry: "kill", on: { "server.failed": {} } },
      },
    },
    Closed: { type: "final", entry: "announce" },
  },
});
