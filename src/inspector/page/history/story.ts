import { duration } from "./figures.ts";
import { countUpTo } from "./sorted.ts";
import type { ActorView, Heard, Track } from "./track.ts";

/** How a child ended. */
export interface ChildExit extends Pick<Heard, "t" | "order"> {
  readonly exitCode: number;
  /** `exit code 143 (SIGTERM)`. */
  readonly text: string;
}

const signals: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
};

/** How the child of a process ended, if it had by then. */
export function exitOf(track: Track, position: number): ChildExit | null {
  for (let index = countUpTo(track.events, position - 1, ({ order }) => order) - 1; index >= 0; index -= 1) {
    const { t, order, record } = track.events[index] as Heard; // index is within
    const { type, exitCode } = record.event;
    if (!record.taken || !/exit(ed)?$/.test(type) || typeof exitCode !== "number") continue;
    return { t, order, exitCode, text: describeExit(exitCode) };
  }
  return null;
}

/** `exit code 143 (SIGTERM)`: an exit code in words, with the signal that it stands for. */
export function describeExit(exitCode: number): string {
  const signal = signals[exitCode - 128];
  return `exit code ${exitCode}${signal === undefined ? "" : ` (${signal})`}`;
}

/** One step on the way to how an actor stands, in words, with the place where it happened. */
export interface Step {
  readonly order: number;
  readonly t: number;
  readonly text: string;
}

/** What explains why an actor stands as it does: the events that decided it, oldest first. */
export function tellStory(track: Track, view: ActorView, position: number): Step[] {
  const steps: Step[] = [];
  for (const heard of track.eventsUpTo(position)) {
    const text = heard.record.taken ? tell(heard, track, view) : null;
    if (text !== null) steps.push({ order: heard.order, t: heard.t, text });
  }
  if (steps.length === 0) return tellOfBefore(track, view);
  return steps.length <= mostSteps ? steps : steps.slice(-mostSteps);
}

/** What can be told of somebody who is older than the history. */
function tellOfBefore({ born, since }: Track, { state, facts }: ActorView): Step[] {
  if (since >= born.t) return [];
  const { exitCode } = facts;
  const text =
    typeof exitCode === "number" && exitCode !== 0
      ? `the child ended: ${describeExit(exitCode)}; before this history began, so that it is not known why`
      : state === "HeldBack"
        ? "its reader is slow: its output is held back, since before this history began"
        : null;
  return text === null ? [] : [{ order: born.order, t: born.t, text }];
}

const mostSteps = 8;

function tell({ order, t, record }: Heard, track: Track, { since }: ActorView): string | null {
  const { event } = record;
  const state = track.stateAfter(order)?.name ?? "";
  const timer = /^xstate\.after\.([A-Za-z]\w*)/.exec(event.type)?.[1];
  if (timer !== undefined) return tellTimer(timer, t, since, state);
  switch (event.type) {
    case "child.spawnFailed":
      return "the program could not be started";
    case "child.exited":
    case "published.exit":
      return `the child ended: ${exitOf(track, order + 1)?.text ?? "exit"}`;
    case "terminate":
      return "somebody asked for its end: the group is killed with SIGKILL";
    case "interrupt":
      return "somebody interrupted it, as Ctrl-C does";
    case "stop":
      return "it was asked to stop: the group gets SIGTERM";
    case "session.expired":
      return "its session was over, and it ends with it";
    case "crowdedOut":
      return "too many results of its session waited for a client: this one was let go";
    case "output.paused":
      return state === "HeldBack" ? "its reader is slow: its output is held back" : null;
    case "output.resumed":
      return state === "Running" ? "its reader has caught up: output flows" : null;
    case "detach":
      return "its connection was lost: nobody holds the session";
    case "resume":
      return state === "Expired" ? "a resume came too late" : "a connection resumed it";
    case "end":
      return "its client ended it";
    case "shutdown":
      return "the executor stops";
    case "transport.ended":
    case "connection.ended":
    case "connection.lost":
      return "the connection ended";
    case "session.taken":
      return "another connection resumed its session";
    case "violation":
      return "the peer did what the protocol does not allow";
    default:
      return state !== "" && track.stateAfter(order)?.order === order && /^xstate\.error/.test(event.type)
        ? `${event.type.replace(/^xstate\.error\.(actor\.)?/, "")} failed: ${state}`
        : null;
  }
}

const timers: Readonly<Record<string, (afterMs: string, state: string) => string>> = {
  timeLimit: (after) => `its time limit was over, ${after} after its start: the group gets SIGTERM`,
  killGrace: () => "it had not ended two seconds later: the group is killed with SIGKILL",
  closedRetention: () => "its result was kept long enough",
  ttl: () => "nobody resumed it in time: it expired, and its processes are killed",
  recoveryDeadline: () => "it could not be recovered in time",
  deadPeer: () => "the peer was silent for too long",
  pongWait: () => "the executor was silent for too long",
  probeGrace: () => "its holder gave no sign of life",
};

function tellTimer(timer: string, t: number, since: number, state: string): string | null {
  return timers[timer]?.(duration(t - since), state) ?? null;
}
