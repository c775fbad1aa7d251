import type { JsonObject } from "./peer/message.ts";
import type { ServerKind } from "./peer/server.ts";

/**
 * Where and how Proctor differs from the recordings on purpose. Members that they lack are none of it: `proctor` in the answer
 * to `initialize` `exitSeq` and `usage` in those to `process/read`, and `usage` in `process/exited` are extensions, which a peer of the reference ignores (03 section 11).
 */
export type Deviation = {
  /** The recording, or `*` for all of them. */
  readonly scenario: string;
  /** The rule of the specification that asks for it. */
  readonly rule: string;
  /** What is better than in the reference. */
  readonly why: string;
  /** Whether the better behaviour is required, or the recorded one is right as well. */
  readonly demand: "must" | "may";
} & (
  | {
      /** A request answers this error instead. */
      readonly kind: "error";
      readonly id: string;
      readonly code: number;
    }
  | {
      /** A request answers this result instead. */
      readonly kind: "result";
      readonly id: string;
      readonly result: JsonObject;
    }
  | {
      /** A refused start succeeds, and its process prints this and exits 0. */
      readonly kind: "started";
      readonly id: string;
      readonly processId: string;
      readonly output: string;
    }
  | {
      /** A check of the file system finds this instead. */
      readonly kind: "remark";
      readonly recorded: string;
      readonly instead: string;
    }
  | {
      /** At the given occurrence of this note the operating-system process is in the other state. */
      readonly kind: "alive";
      readonly event: string;
      readonly occurrence: number;
      readonly alive: boolean;
    }
  | {
      /** A message that ends the connection is answered instead: with this error, or with a result. */
      readonly kind: "stays-open";
      readonly conn: string;
      readonly id: string;
      readonly answer: number | "result";
    }
  | {
      /** A process may print nothing, since it is ended earlier than in the recording. */
      readonly kind: "silent";
      readonly processId: string;
    }
  | {
      /** A process prints exactly this instead. */
      readonly kind: "prints";
      readonly processId: string;
      readonly output: string;
      /** The request that ends it: what is read after it finds the process closed, with nothing new. */
      readonly endedBy?: string;
    }
  | {
      /** The lines that a process prints may come in any order. */
      readonly kind: "line-order";
      readonly processId: string;
    }
  | {
      /** Metadata tells the birth time, which the reference leaves at 0. */
      readonly kind: "birth-time";
    }
);

const unacceptableIds: readonly Deviation[] = ["A", "B", "C", "D", "E", "F", "G", "H"].map((conn) => ({
  scenario: "w18-unacceptable-ids",
  rule: "01 W-21a",
  why: "a message with an unacceptable id is malformed and harms nothing else",
  demand: "may",
  kind: "stays-open",
  conn,
  id: "-1",
  answer: -32600,
}));

const proctor: readonly Deviation[] = [
  ...unacceptableIds,
  {
    scenario: "w18-unacceptable-ids",
    rule: "07 E-46",
    why: "a request with an unusable trace has an id all the same, under which its sender learns of it",
    demand: "may",
    kind: "stays-open",
    conn: "G",
    id: "1",
    answer: -32600,
  },
  {
    scenario: "w18-unacceptable-ids",
    rule: "01 W-22",
    why: "a parser that cannot tell 1.0 from 1 may accept it",
    demand: "may",
    kind: "stays-open",
    conn: "C",
    id: "1",
    answer: "result",
  },
  {
    scenario: "w18-unacceptable-ids",
    rule: "01 W-25",
    why: "of a repeated member the last may win",
    demand: "may",
    kind: "stays-open",
    conn: "H",
    id: "2",
    answer: "result",
  },
  {
    scenario: "w13-pipelining",
    rule: "01 B-1",
    why: "the terminate does not wait for the long poll before it, and may kill the child before it has echoed",
    demand: "may",
    kind: "silent",
    processId: "p",
  },
  {
    scenario: "p04-spawn-failures-pty",
    rule: "02 S-7",
    why: "a program is looked up as in pipe mode, also without a PATH",
    demand: "may",
    kind: "started",
    id: "7",
    processId: "x",
    output: "",
  },
  {
    scenario: "p04-spawn-failures-pty",
    rule: "02 S-7",
    why: "the process that request 7 has started holds the id",
    demand: "may",
    kind: "error",
    id: "8",
    code: -32600,
  },
  {
    scenario: "p04-spawn-failures-pty",
    rule: "02 S-7",
    why: "a cwd that does not exist is an error in PTY mode too, instead of a start in the home directory",
    demand: "may",
    kind: "error",
    id: "9",
    code: -32603,
  },
  ...["b", "c"].map((processId) => ({
    scenario: "p07-environment-exact",
    rule: "01 W-29",
    why: "the order of the members of env has no meaning",
    demand: "may" as const,
    kind: "line-order" as const,
    processId,
  })),
  {
    scenario: "p10-arg0",
    rule: "02 S-7",
    why: "arg0 is what the program sees in PTY mode too, instead of the program that is run",
    demand: "may",
    kind: "started",
    id: "4",
    processId: "c",
    output: "custom0\r\n",
  },
  ...["4", "5"].map((id) => ({
    scenario: "p12-write-after-end",
    rule: "03 D-11",
    why: "a write that nobody can read any more is told so, instead of being accepted and lost",
    demand: "must" as const,
    kind: "result" as const,
    id,
    result: { status: "stdinClosed" },
  })),
  {
    scenario: "p13-write-dedupe-bound",
    rule: "03 D-11",
    why: "no write id is forgotten that came over the present connection, so neither write is applied again",
    demand: "must",
    kind: "prints",
    processId: "q",
    output: "FIRST\n",
  },
  {
    scenario: "p16-late-output",
    rule: "03 D-13",
    why: "terminate after the exit ends what is left of the group, instead of nothing",
    demand: "must",
    kind: "prints",
    processId: "p",
    output: "",
    endedBy: "5",
  },
  {
    scenario: "p18-retention-and-eviction",
    rule: "02 S-4",
    why: "no process group is signalled after its leader was reaped; the background child lives on",
    demand: "must",
    kind: "alive",
    event: "grandchild-alive",
    occurrence: 3,
    alive: true,
  },
  {
    scenario: "p20-terminate-descendants",
    rule: "02 S-5",
    why: "terminate reaches descendants in sessions of their own",
    demand: "may",
    kind: "alive",
    event: "setsid child alive",
    occurrence: 1,
    alive: false,
  },
  {
    scenario: "fs-readfile",
    rule: "01 W-30",
    why: "params as an array of the members in order are an accident of the reference",
    demand: "may",
    kind: "error",
    id: "30",
    code: -32602,
  },
  {
    scenario: "fs-canonicalize",
    rule: "04 P-52",
    why: "the home directory of the server is nothing that an orchestrator can mean",
    demand: "must",
    kind: "error",
    id: "18",
    code: -32602,
  },
  {
    scenario: "fs-copy",
    rule: "04 F-40",
    why: "copying a file onto itself is refused, instead of emptying it",
    demand: "must",
    kind: "error",
    id: "41",
    code: -32600,
  },
  {
    scenario: "fs-copy",
    rule: "04 F-40",
    why: "the file keeps its content",
    demand: "must",
    kind: "remark",
    recorded: "size of self after: 0",
    instead: "size of self after: 7",
  },
  {
    scenario: "fs-copy",
    rule: "04 F-40",
    why: "copying a file onto its own hard link is refused, instead of emptying it",
    demand: "must",
    kind: "error",
    id: "42",
    code: -32600,
  },
  {
    scenario: "fs-copy",
    rule: "04 F-40",
    why: "the file keeps its content",
    demand: "must",
    kind: "remark",
    recorded: "size of hl1 after: 0",
    instead: "size of hl1 after: 7",
  },
  {
    scenario: "fs-before-initialize",
    rule: "04 W-1",
    why: "the method exists here; the request lacks its options",
    demand: "must",
    kind: "error",
    id: "10",
    code: -32602,
  },
  {
    scenario: "fs-walk",
    rule: "04 W-3",
    why: "every name is exact: with a line break, a tab, or bytes that are not UTF-8",
    demand: "must",
    kind: "result",
    id: "35",
    result: {
      entries: ["C:", "back%5Cslash", "new%0Aline", "newline", "nu%FF", "per%2525", "q%3Fm", "sp%20ace", "tab%09x"].map(
        (name) => ({ path: `file:///tmp/fx/odd/${name}`, kind: "file" }),
      ),
      errors: [],
      truncated: false,
    },
  },
  {
    scenario: "fs-sandboxed",
    rule: "05 SB-B10",
    why: "workspace roots bind project roots for file operations too, as they do for processes",
    demand: "must",
    kind: "result",
    id: "29",
    result: {},
  },
  {
    scenario: "fs-sandboxed",
    rule: "05 SB-F10",
    why: "files stream out of a sandbox too",
    demand: "must",
    kind: "result",
    id: "34",
    result: { handleId: "h" },
  },
  {
    scenario: "fs-open-readblock-close",
    rule: "05 SB-F10",
    why: "files stream out of a sandbox too",
    demand: "must",
    kind: "result",
    id: "46",
    result: { handleId: "sb" },
  },
  {
    scenario: "*",
    rule: "04 F-26",
    why: "the birth time is told where the file system has one",
    demand: "must",
    kind: "birth-time",
  },
];

/**
 * The largest piece of output in one chunk. The reference reads 8192 bytes at a time; Proctor hands on what one read of
 * a pipe yields, since boundaries carry no meaning (02 P-24) and a chunk costs more than its bytes.
 */
export const largestChunkBytes: Readonly<Record<ServerKind, number>> = { reference: 8_192, proctor: 65_536 };

/** What is kept of the output of a process that nobody has missed, for reads: the reference's bound, and ours (03 D-2). */
export const retainedBytes: Readonly<Record<ServerKind, number>> = { reference: 1_048_576, proctor: 16 * 1_048_576 };

/** The deviations of a server in one scenario; the reference has none. */
export function deviationsOf(server: ServerKind, scenario: string): readonly Deviation[] {
  if (server === "reference") return [];
  return proctor.filter((deviation) => deviation.scenario === scenario || deviation.scenario === "*");
}
