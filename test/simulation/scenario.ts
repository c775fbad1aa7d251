import type { CutOnMessage } from "./sim-lane.ts";

/** A descendant that a process leaves behind, or that dies before it. */
export interface Fork {
  /** From the spawn; a process that is gone by then does not fork. */
  readonly atMs: number;
  /** `null`: until it is killed. */
  readonly livesMs: number | null;
  /** It leads a session of its own: only a kill finds it, and only as long as its parent lives (02 S-5). */
  readonly leavesGroup: boolean;
  /** The streams do not end before it does. */
  readonly holdsPipes: boolean;
  readonly heedsTerm: boolean;
  /** What it prints at its end. */
  readonly bytes: number;
}

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
  readonly forks: readonly Fork[];
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
  /** Many calls at once. */
  | { readonly type: "burst"; readonly calls: number }
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
  /** Others are after the session, each of them keeps it for a while if it comes free; or after one that does not exist. */
  | {
      readonly type: "steal";
      readonly at: number;
      readonly forMs: number;
      readonly thieves: number;
      readonly knowsIt: boolean;
    }
  /** The client stays away until somebody else asks for the session at its deadline, or just beside it. */
  | { readonly type: "tie"; readonly at: number; readonly offsetMs: -1 | 0 | 1 }
  /** What arrives is taken slowly for a while, so many bytes per millisecond. */
  | {
      readonly type: "slow";
      readonly at: number;
      readonly forMs: number;
      readonly direction: "up" | "down" | "both";
      readonly rate: number;
    }
  /** A program does not run for a while, as one that is stopped or on a suspended host. */
  | { readonly type: "suspend"; readonly at: number; readonly forMs: number; readonly who: "client" | "executor" }
  /** The client is gone in an instant, with or without an end of its connection. */
  | { readonly type: "die"; readonly at: number; readonly isHeard: boolean }
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
  /** Do messages arrive in pieces, cut and put together anywhere, or one by one? */
  readonly inPieces: boolean;
  /** Has the executor no extensions, like the reference? */
  readonly isPlain: boolean;
  /** Does an executor keep as little output as it can? */
  readonly keepsLittle: boolean;
  /** Does an executor keep a journal, so that the next one has its sessions? */
  readonly journals: boolean;
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
  forks: [],
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
  inPieces: false,
  isPlain: false,
  keepsLittle: false,
  journals: false,
  operations: [],
  faults: [],
};
