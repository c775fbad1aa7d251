import type {
  ActorState,
  EventRecord,
  Facts,
  HeaderRecord,
  HistoryRecord,
  RecordingLine,
  StateValue,
} from "../../../src/inspector/records.ts";

/** A recording, line by line, as one writes a play. */
export class StagedHistory {
  readonly lines: RecordingLine[];
  readonly #standing = new Map<number, ActorState>();
  #actors = 0;
  #t = 0;

  constructor(title = "executor ws://127.0.0.1:7070") {
    const header: HeaderRecord = {
      kind: "header",
      v: 1,
      proctor: "0.1.0",
      side: "executor",
      title,
      startedAt: "2026-01-02T03:04:05.000Z",
      machines: { connection: "c0", session: "s0", process: "p0" },
    };
    this.lines = [header, { kind: "keyframe", t: 0, actors: [] }];
  }

  /** Time goes on. */
  wait(ms: number): this {
    this.#t += ms;
    return this;
  }

  get t(): number {
    return this.#t;
  }

  enter(
    machine: string,
    name: string,
    value: StateValue,
    options: { owner?: number; facts?: Facts; context?: ActorState["context"] } = {},
  ): number {
    this.#actors += 1;
    const state: ActorState = {
      actor: this.#actors,
      machine,
      name,
      owner: options.owner ?? null,
      since: this.#t,
      status: "active",
      value,
      context: options.context ?? {},
      facts: options.facts ?? {},
    };
    this.#standing.set(state.actor, state);
    this.#add({ kind: "actor", t: this.#t, ...state });
    return this.#actors;
  }

  hear(actor: number, event: EventRecord["event"] | string, value?: StateValue, status?: "done" | "error"): this {
    return this.#event(actor, event, true, value, status);
  }

  ignore(actor: number, event: EventRecord["event"] | string): this {
    return this.#event(actor, event, false);
  }

  learn(actor: number, facts: Facts): this {
    this.#add({ kind: "facts", t: this.#t, actor, facts });
    return this;
  }

  print(actor: number, text: string, stream: "stdout" | "stderr" | "pty" = "stdout"): this {
    this.#add({ kind: "output", t: this.#t, actor, stream, base64: Buffer.from(text).toString("base64") });
    return this;
  }

  count(counters: Readonly<Record<string, number>>): this {
    this.#add({ kind: "counters", t: this.#t, counters });
    return this;
  }

  skip(transitions: number): this {
    this.#add({ kind: "skipped", t: this.#t, transitions });
    return this;
  }

  keyframe(): this {
    this.#add({ kind: "keyframe", t: this.#t, actors: [...this.#standing.values()] });
    return this;
  }

  leave(actor: number): this {
    this.#standing.delete(actor);
    this.#add({ kind: "gone", t: this.#t, actor });
    return this;
  }

  get records(): HistoryRecord[] {
    return this.lines.filter((line) => line.kind !== "header");
  }

  get text(): string {
    return this.lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  }

  #event(
    actor: number,
    event: EventRecord["event"] | string,
    taken: boolean,
    value?: StateValue,
    status?: "done" | "error",
  ): this {
    const heard = typeof event === "string" ? { type: event } : event;
    const changes = { ...(value === undefined ? {} : { value }), ...(status === undefined ? {} : { status }) };
    const standing = this.#standing.get(actor);
    if (standing !== undefined) this.#standing.set(actor, { ...standing, ...changes });
    this.#add({ kind: "event", t: this.#t, actor, event: heard, taken, ...changes });
    return this;
  }

  #add(record: HistoryRecord): void {
    this.lines.push(record);
  }
}

/** The states of a process that runs. */
export function running(regions: Readonly<Record<string, StateValue>> = {}): StateValue {
  return {
    Live: {
      child: "Running",
      stdin: "Closed",
      stdout: { Open: "Flowing" },
      stderr: { Open: "Flowing" },
      group: { Ours: "Undisturbed" },
      ...regions,
    },
  };
}

export const ready: StateValue = { Open: { handshake: "Ready", peer: "Heard" } };

/** Three sessions and their processes: a build that ends by its time limit, a client that comes back, and one that does not. */
export function stageDay(): StagedHistory {
  const day = new StagedHistory();
  const programs = [
    "make -j8 all",
    "cargo test",
    "npm run lint",
    "python3 train.py --epochs 4",
    "tail -f /var/log/build.log",
  ];
  const sessions = ["7f3a21bc", "91bc0e44", "c04de881"].map((id, index) => {
    day.wait(120);
    const connection = day.enter(
      "connection",
      `connection c-${index + 1}`,
      { Open: { handshake: "AwaitingInitialize", peer: "Heard" } },
      { facts: { remote: `127.0.0.1:${41_000 + index}` } },
    );
    day.wait(3).hear(connection, "session.attached", { Open: { handshake: "AwaitingInitialized", peer: "Heard" } });
    const session = day.enter(
      "session",
      `session ${id}`,
      { Attached: "Held" },
      {
        facts: { ttlMs: 30_000, connection: `c-${index + 1}` },
        context: { sessionId: id, ttlMs: 30_000, holder: `c-${index + 1}`, deadline: null },
      },
    );
    day.wait(2).hear(connection, "initialized", ready);
    return { id, session, connection };
  });
  const processes: number[] = [];
  sessions.forEach(({ session }, owner) => {
    for (let index = 0; index < 9 - owner * 2; index += 1) {
      const argv = programs[(index + owner) % programs.length]?.split(" ") ?? [];
      day.wait(37);
      const process = day.enter(
        "process",
        `process ${argv[0]}-${processes.length + 1}`,
        { Starting: "Wanted" },
        {
          owner: session,
          facts: { argv, cwd: "/src", stdin: "none" },
          context: {
            processId: `p-${processes.length + 1}`,
            stdin: "none",
            timeLimitMs: null,
            exitCode: null,
            timedOut: false,
            retentionLeftMs: 30_000,
            retainedSince: null,
          },
        },
      );
      day.wait(4).hear(process, "child.spawned", running(index === 2 ? { group: { Ours: "Limited" } } : {}));
      day.learn(process, { pid: 4_000 + processes.length, lastSeq: 0, retainedBytes: 0 });
      day.print(process, `$ ${argv.join(" ")}\r\n`);
      processes.push(process);
    }
  });
  const [first = 0, second = 0, limited = 0] = processes;
  for (let second = 0; second < 12; second += 1) {
    day.wait(500);
    processes.forEach((process, index) => {
      if ((index + second) % 4 !== 0) return;
      day.wait(3).print(process, `[${second}] compiling unit ${index * 7 + second}.c\n`);
      day.learn(process, { lastSeq: second * 3 + 1, retainedBytes: 800 * second });
    });
    day.count({
      memoryBytes: 61_000_000 + second * 400_000,
      processes: processes.length,
      sessions: 3,
      connections: 3,
      outputBytesPerSecond: 20_000 + 9_000 * Math.sin(second),
      queuedBytes: second * 900,
    });
  }
  day.wait(210).hear(second, "output.paused", running({ stdout: { Open: "Paused" } }));
  day
    .wait(300)
    .hear(limited, "xstate.after.timeLimit.process.Live.group.Ours.Limited", running({ group: { Ours: "Stopping" } }));
  day.wait(40).ignore(limited, "terminate");
  day
    .wait(20)
    .hear(limited, { type: "child.exited", exitCode: 143 }, running({ child: "Exited", group: { Ours: "Stopping" } }));
  day.learn(limited, { exitCode: 143 });
  day
    .hear(limited, "stdout.ended")
    .wait(2)
    .hear(limited, "stderr.ended", { Closed: { Undelivered: "Publishing" } });
  day
    .hear(limited, "close.sent", { Closed: { Undelivered: "Sent" } })
    .wait(9)
    .hear(limited, { type: "close.delivered", now: day.t }, { Closed: { Delivered: "Retained" } });
  const [, away = sessions[0]] = sessions;
  if (away !== undefined) {
    day.wait(700).hear(away.connection, "transport.ended", "Closed", "done");
    day.hear(away.session, { type: "detach", connectionId: "c-2", now: day.t }, "Detached").leave(away.connection);
    day.wait(9_400);
    const again = day.enter(
      "connection",
      "connection c-4",
      { Open: { handshake: "AwaitingInitialize", peer: "Heard" } },
      { facts: { remote: "127.0.0.1:41007" } },
    );
    day.wait(3).hear(again, "session.attached", { Open: { handshake: "AwaitingInitialized", peer: "Heard" } });
    day.hear(away.session, { type: "resume", connectionId: "c-4", now: day.t }, { Attached: "Held" });
    day.wait(1).hear(again, "initialized", ready);
  }
  day.wait(800).hear(first, { type: "child.exited", exitCode: 0 }, running({ child: "Exited" }));
  day
    .wait(2)
    .hear(first, "stdout.ended")
    .hear(first, "stderr.ended", { Closed: { Undelivered: "Publishing" } });
  const failed = day.enter(
    "process",
    "process nope",
    { Starting: "Wanted" },
    { owner: sessions[0]?.session ?? 0, facts: { argv: ["nope"], cwd: "/src" } },
  );
  day.wait(3).hear(failed, "child.spawnFailed", "Failed", "done");
  day.wait(900).count({
    memoryBytes: 66_000_000,
    processes: processes.length,
    sessions: 3,
    connections: 3,
    outputBytesPerSecond: 0,
    queuedBytes: 0,
  });
  return day;
}
