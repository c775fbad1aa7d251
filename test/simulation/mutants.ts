/** A rule that is broken on purpose, and must be found by the simulation. */
export interface Mutant {
  readonly name: string;
  /** In `src`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Each is one small edit that leaves a program which compiles, starts, and works as long as nothing goes wrong. */
export const mutants: readonly Mutant[] = [
  {
    name: "does not write down how a process exited",
    file: "actors/process-record.ts",
    from: "this.#store.exited(numbered);",
    to: "",
  },
  {
    name: "takes along what it should leave to the next executor",
    file: "actors/process-actor.ts",
    from: "this.#record.retain();",
    to: "",
  },
  {
    name: "forgets which writes it has taken",
    file: "actors/write-ledger.ts",
    from: "return this.#ids.has(writeId);",
    to: "return this.#ids.has(writeId) && this.#ids.size < 0;",
  },
  {
    name: "installs a connection before the processes are caught up",
    file: "machines/link-machine.ts",
    from: `              target: "CatchingUp",
              actions: { type: "recordHandshake", params: ({ event }) => event.output },`,
    to: 'target: "#link.Connected", actions: ["recordInstalled", "installCandidate"],',
  },
  {
    name: "forgets to put events in order",
    file: "actors/event-order.ts",
    from: "const next = this.#waiting.get(this.#lastSeq + 1);",
    to: "const [key = 0, next] = this.#waiting.entries().next().value ?? []; this.#waiting.delete(key);",
  },
  {
    name: "lets a resume win the tie with the expiry",
    file: "machines/session-machine.ts",
    from: "now < context.deadline,",
    to: "now <= context.deadline,",
  },
  {
    name: "does not kill the processes of a session that expires",
    file: "machines/process-machine.ts",
    from: `        "session.expired": {
          target: "Evicted",
          actions: { type: "signalGroup", params: { signal: "SIGKILL" } },
        },
      },
      states: {
        child: {`,
    to: `        "session.expired": { target: "Evicted" },
      },
      states: {
        child: {`,
  },
  {
    name: "does not kill a process whose start was given up",
    file: "actors/remote-process-actor.ts",
    from: "if (this.#signal?.aborted === true || error instanceof ProtocolError) this.effects.terminate();",
    to: "",
  },
  {
    name: "asks for one event too few after an outage",
    file: "actors/missed-events.ts",
    from: "afterSeq: this.#order.lastSeq,",
    to: "afterSeq: this.#order.lastSeq + 1,",
  },
  {
    name: "sends again what must not be repeated",
    file: "actors/waiting-calls.ts",
    from: "const kept = calls.filter((call) => !call.wasSent || call.isRepeatable);",
    to: "const kept = [...calls];",
  },
  {
    name: "carries lost calls on behind newer ones",
    file: "actors/waiting-calls.ts",
    from: "this.#calls = [...calls, ...this.#calls];",
    to: "this.#calls = [...this.#calls, ...calls.toReversed()];",
  },
  {
    name: "says of every lost call that it was not applied",
    file: "actors/link-actor.ts",
    from: 'call.reject(this.#endError(call.wasSent ? "unknown" : "notApplied"));',
    to: 'call.reject(this.#endError("notApplied"));',
  },
  {
    name: "does not know a repeated start again",
    file: "actors/process-actor.ts",
    from: "return startId !== null && this.#startId === startId;",
    to: "return startId !== null && this.#startId !== this.#startId;",
  },
  {
    name: "does not know a repeated file operation again",
    file: "actors/outcome-cache.ts",
    from: "if (known !== undefined)",
    to: "if (known !== undefined && this.#outcomes.size < 0)",
  },
  {
    name: "closes a process when its first stream has ended",
    file: "machines/process-machine.ts",
    from: '{ guard: "isTerminal", target: "Ended" }, { target: "Open" }',
    to: '{ guard: "isTerminal", target: "Ended" }, { target: "Ended" }',
  },
  {
    name: "leaves the connection of a failed attempt open",
    file: "actors/link-connections.ts",
    from: "    this.#candidate?.destroy();\n    this.#candidate = null;",
    to: "    this.#candidate = null;",
  },
  {
    name: "leaves a connection open that came too late",
    file: "actors/link-actor.ts",
    from: "if (signal.aborted) return transport.destroy();",
    to: "if (signal.aborted) return;",
  },
  {
    name: "does not try again when the session is still held",
    file: "actors/link-errors.ts",
    from: "export class SessionHeldError extends ProctorError implements AttemptError {\n  readonly isRetryable = true;",
    to: "export class SessionHeldError extends ProctorError implements AttemptError {\n  readonly isRetryable = false;",
  },
  {
    name: "never evicts a silent holder",
    file: "machines/session-machine.ts",
    from: 'after: { probeGrace: "Evicting" }',
    to: "after: {}",
  },
  {
    name: "does not read what was printed before a start was confirmed",
    file: "actors/remote-process-actor.ts",
    from: "void this.#missed.readDue();",
    to: "",
  },
  {
    name: "stops children for a slow reader, and never lets them go on",
    file: "actors/connection-actor.ts",
    from: "    this.#throttle();\n    this.#session?.resumeOutput();",
    to: "    this.#throttle();",
  },
  {
    name: "does not watch the connection over which it catches up",
    file: "machines/link-machine.ts",
    from: 'after: { pongWait: "#link.Recovering.BackingOff" },',
    to: "",
  },
  {
    name: "keeps a closed process for ever",
    file: "machines/process-machine.ts",
    from: 'after: { closedRetention: "#process.Evicted" },',
    to: "",
  },
  {
    name: "cuts short a write that has to wait, and says that it was accepted",
    file: "actors/stdin-queue.ts",
    from: "this.#queued.push(bytes);",
    to: "if (this.#queued.length < 1) this.#queued.push(bytes);",
  },
  {
    name: "uses extensions that were not offered",
    file: "actors/link-actor.ts",
    from: "return this.#offer?.features.includes(feature) ?? false;",
    to: "return this.#offer?.features.includes(feature) ?? true;",
  },
  {
    name: "tries to resume for ever",
    file: "machines/link-machine.ts",
    from: "recoveryDeadline: ({ context }) => context.recoveryDeadlineMs,",
    to: "recoveryDeadline: ({ context }) => 100 * context.recoveryDeadlineMs,",
  },
  {
    name: "kills what runs when its connection is lost",
    file: "actors/process-actor.ts",
    from: "    this.#record.keepAll();\n    this.resumeOutput();",
    to: '    this.#record.keepAll();\n    this.effects.signal("SIGKILL");\n    this.resumeOutput();',
  },
  {
    name: "lets an observer go on after an outage without what it missed",
    file: "actors/observation-actor.ts",
    from: "if (known !== undefined) return known.refill();",
    to: "if (known !== undefined) return;",
  },
  {
    name: "tells an observer twice of a process whose end it has seen",
    file: "actors/observation-actor.ts",
    from: "if (ordinal <= this.#newest) return;",
    to: "",
  },
];
