import type { StateValue } from "../../records.ts";

/** How a state feels: the colour and the shape of an actor that is in it. */
export type Tone = "beginning" | "active" | "attention" | "over" | "failed";

/** What a person calls the state of an actor: one word for all its regions. */
export interface NamedState {
  readonly name: string;
  readonly tone: Tone;
}

/** One word for the states of a machine, where the outermost one says too little. */
const readers: Readonly<Record<string, (value: StateValue) => string>> = {
  process(value) {
    const live = inside(value, "Live");
    if (live === undefined) return outermost(value);
    const group = inside(live, "group");
    if (inside(live, "child") === "Exited") return "Exited";
    if (isAt(group, "Ours", "Stopping") || isAt(group, "Ours", "Killing")) return "Terminating";
    if (isAt(inside(live, "stdout"), "Open", "Paused") || isAt(inside(live, "stderr"), "Open", "Paused"))
      return "HeldBack";
    return "Running";
  },
  connection(value) {
    const open = inside(value, "Open");
    const handshake = open === undefined ? undefined : inside(open, "handshake");
    return typeof handshake === "string" ? handshake : outermost(value);
  },
  session(value) {
    return isAt(value, "Attached", "Probing") || isAt(value, "Attached", "Evicting") ? "Contested" : outermost(value);
  },
  "http-exchange": (value) => innerOf(value, "Open"),
  "http-body": (value) => innerOf(value, "Open"),
};

const tones: Readonly<Record<string, Tone>> = {
  Starting: "beginning",
  Connecting: "beginning",
  AwaitingInitialize: "beginning",
  AwaitingInitialized: "beginning",
  AwaitingHead: "beginning",
  Waiting: "beginning",
  Unread: "beginning",
  Terminating: "attention",
  HeldBack: "attention",
  Held: "attention",
  Contested: "attention",
  Detached: "attention",
  Recovering: "attention",
  Ambiguous: "attention",
  Exited: "attention",
  Closing: "over",
  Closed: "over",
  Done: "over",
  Expired: "over",
  Evicted: "over",
  Cancelled: "over",
  Failed: "failed",
  Lost: "failed",
};

/** Names the state of an actor. A machine that this page does not know is named by its outermost state. */
export function nameState(machine: string, value: StateValue, status: "active" | "done" | "error"): NamedState {
  const name = (readers[machine] ?? outermost)(value);
  if (status === "error") return { name, tone: "failed" };
  return { name, tone: tones[name] ?? (status === "done" ? "over" : "active") };
}

/** The active states in one line: `Live(child Running, stdin Closed)`. */
export function describeValue(value: StateValue): string {
  if (typeof value === "string") return value;
  const entries = Object.entries(value);
  if (entries.length === 1) {
    const [[name, inner] = ["", ""]] = entries;
    return typeof inner === "string" ? `${name}.${inner}` : `${name}(${describeRegions(inner)})`;
  }
  return describeRegions(value);
}

function describeRegions(value: StateValue): string {
  if (typeof value === "string") return value;
  return Object.entries(value)
    .map(([region, inner]) => `${region} ${describeValue(inner)}`)
    .join(", ");
}

function outermost(value: StateValue): string {
  if (typeof value === "string") return value;
  const names = Object.keys(value);
  return names.length === 1 ? (names[0] ?? "") : names.join("+");
}

function innerOf(value: StateValue, outer: string): string {
  const inner = inside(value, outer);
  return inner === undefined ? outermost(value) : outermost(inner);
}

function inside(value: StateValue, name: string): StateValue | undefined {
  return typeof value === "string" || !Object.hasOwn(value, name) ? undefined : value[name];
}

function isAt(value: StateValue | undefined, outer: string, inner: string): boolean {
  const found = value === undefined ? undefined : inside(value, outer);
  return found !== undefined && outermost(found) === inner;
}
