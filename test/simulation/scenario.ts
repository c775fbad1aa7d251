import type { CutOnMessage } from "./sim-link.ts";

/** What a process does when it is started. */
export interface Program {
  readonly spawnMs: number;
  readonly failsToSpawn: boolean;
  readonly output: readonly {
    readonly afterMs: number;
    readonly stream: "stdout" | "stderr";
    readonly bytes: number;
  }[];
  /** From its last output to its exit; `null`: it runs until something ends it. */
  readonly exitAfterMs: number | null;
  readonly exitCode: number;
  /** From the exit to the end of its streams. */
  readonly endLagMs: number;
  /** From the end of stdout to that of stderr. */
  readonly stderrLagMs: number;
  /** It closes its streams before it exits. */
  readonly closesOutputEarly: boolean;
  /** A descendant keeps the pipes for so long after the exit. */
  readonly lingersMs: number;
  /** How long it takes to read one write; `null`: it does not read. */
  readonly readEveryMs: number | null;
  /** It closes its stdin after so many writes. */
  readonly closesStdinAfter: number | null;
  readonly exitsAtEndOfInput: boolean;
  readonly heedsInterrupt: boolean;
  readonly heedsTerm: boolean;
  /** From SIGKILL to the exit. */
  readonly killTakesMs: number;
}

/** Something that a user of the library does. `slot` names the process that was last started under that number. */
export type Operation = { readonly at: number; readonly client: number } & (
  | {
      readonly type: "start";
      readonly slot: number;
      readonly program: Program;
      readonly stdin: "none" | "pipe" | "pty";
      /** Gives the start up after so long. */
      readonly abortAfterMs: number | null;
      /** How long a reader of its output takes for one piece; `null`: nobody reads, its events are merely followed. */
      readonly readerMs: number | null;
    }
  | { readonly type: "write"; readonly slot: number; readonly bytes: number }
  | { readonly type: "closeStdin" | "interrupt" | "signal" | "terminate" | "dispose"; readonly slot: number }
  | { readonly type: "writeFile" | "readFile" | "environmentInfo" | "list" | "close" }
  /** Somebody else begins to observe the session of the client. */
  | { readonly type: "observe" }
);

/** Something that goes wrong. */
export type Fault = { readonly client: number } & (
  | { readonly type: "cut"; readonly at: number; readonly delivers: boolean }
  /** The same for everybody who observes the client. */
  | { readonly type: "cutObservers"; readonly at: number; readonly delivers: boolean }
  /** Strikes at a message of the n-th connection of the client. */
  | ({ readonly type: "cutOnMessage"; readonly dial: number } & CutOnMessage)
  /** Nothing arrives for a while. */
  | {
      readonly type: "blackHole";
      readonly at: number;
      readonly forMs: number;
      readonly direction: "up" | "down" | "both";
    }
  /** The connection is dead for ever and nobody hears of it, as when an address changes; a new one can be made. */
  | { readonly type: "strand"; readonly at: number }
  /** No connection can be made for a while: refused, or never answered. */
  | { readonly type: "refuse" | "hang"; readonly at: number; readonly forMs: number }
  /** The executor is started again, after an orderly end or a crash. */
  | { readonly type: "restart"; readonly at: number; readonly forMs: number; readonly crashes: boolean }
  /** Somebody else is after the session, and keeps it for a while if it comes free. */
  | { readonly type: "steal"; readonly at: number; readonly forMs: number }
  /** Nothing at all runs for a while, as on a suspended machine. */
  | { readonly type: "stall"; readonly at: number; readonly forMs: number }
);

/** One run, as data: whoever leaves a part out changes nothing about the others. */
export interface Scenario {
  readonly seed: number;
  readonly clients: number;
  readonly latencyMs: readonly [least: number, most: number];
  /** Does chance decide between timers of one moment, or their order? */
  readonly shuffles: boolean;
  readonly byteWeight: number;
  readonly sessionTtlMs: number;
  /** Does an executor keep as little output as it can? */
  readonly keepsLittle: boolean;
  readonly operations: readonly Operation[];
  readonly faults: readonly Fault[];
}

/** A program that prints nothing, reads everything and runs until it is ended; scenarios say what is different. */
export const quietProgram: Program = {
  spawnMs: 1,
  failsToSpawn: false,
  output: [],
  exitAfterMs: null,
  exitCode: 0,
  endLagMs: 0,
  stderrLagMs: 0,
  closesOutputEarly: false,
  lingersMs: 0,
  readEveryMs: 0,
  closesStdinAfter: null,
  exitsAtEndOfInput: true,
  heedsInterrupt: true,
  heedsTerm: true,
  killTakesMs: 1,
};

/** A calm world with one client; scenarios say what is different. */
export const calmScenario: Scenario = {
  seed: 1,
  clients: 1,
  latencyMs: [1, 1],
  shuffles: false,
  byteWeight: 1,
  sessionTtlMs: 30_000,
  keepsLittle: false,
  operations: [],
  faults: [],
};
