import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";
import { stateIds } from "./diagram-ids.ts";
import { labelOf, namesOf, plain } from "./diagram-labels.ts";

/** What `JSON.parse` can give. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue };

/** A machine as XState's own configuration object, for other tools; functions, which JSON cannot hold, are left out. */
export function toJson(machine: AnyStateMachine): JsonValue {
  return JSON.parse(JSON.stringify(machine.config));
}

/**
 * A machine as the text of a Mermaid `stateDiagram-v2`: hierarchy, parallel regions, guards, delays with their values,
 * actions and final states.
 *
 * Mermaid cannot draw every arrow of a statechart, and some make it fail as a whole. So an arrow between states of
 * different composites is drawn between the composites, and its label says `in` which state it starts. Inside a parallel
 * region, where an arrow must not touch a composite (mermaid#4052), the states are drawn flat, as `Running.Stopping`.
 */
export function toMermaid(machine: AnyStateMachine): string {
  const chart = new Chart(machine);
  return ["stateDiagram-v2", ...chart.contents(machine.root).map((line) => `  ${line}`), ""].join("\n");
}

/** One arrow as drawn; several transitions between the same two states share it. */
interface Arrow {
  readonly scope: AnyStateNode;
  readonly from: AnyStateNode;
  readonly to: AnyStateNode;
  readonly labels: Set<string>;
}

class Chart {
  readonly #machine: AnyStateMachine;
  readonly #ids: ReadonlyMap<AnyStateNode, string>;
  readonly #arrows = new Map<string, Arrow>();
  /** What is written into a state: its actions, what it invokes, and events that only cause actions. */
  readonly #inner = new Map<AnyStateNode, Set<string>>();

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
    const states = [machine.root, ...descendantsOf(machine.root)];
    this.#ids = stateIds(states);
    for (const state of states) {
      if (state.type === "parallel" && (state.parent === undefined || isInRegion(state))) {
        throw new Error(`${state.id}: Mermaid cannot draw a parallel state at the top or inside a parallel region`);
      }
      this.#noteActions(state);
      for (const list of [...state.transitions.values(), state.always ?? []]) {
        for (const transition of list) this.#draw(transition, labelOf(transition, list, machine));
      }
    }
  }

  /** The lines between the braces of a composite state. */
  contents(parent: AnyStateNode): string[] {
    if (parent.type === "parallel") {
      const regions = childrenOf(parent).map((region) => this.#declaration(region));
      return regions.flatMap((lines, index) => (index === 0 ? lines : ["--", ...lines]));
    }
    const children = isInRegion(parent) ? leavesOf(parent) : childrenOf(parent);
    const arrows = [...this.#arrows.values()].filter(({ scope }) => scope === parent);
    return [
      ...parent.initial.target.map((initial) => `[*] --> ${this.#id(this.#end(initial))}`),
      ...children.flatMap((child) => this.#declaration(child)),
      ...arrows.map(({ from, to, labels }) => {
        const text = [...labels]
          .map(plain)
          .filter((label) => label !== "")
          .join("<br/>");
        return `${this.#id(from)} --> ${this.#id(to)}${text === "" ? "" : `: ${text}`}`;
      }),
      ...children.filter(({ type }) => type === "final").map((child) => `${this.#id(child)} --> [*]`),
    ];
  }

  #declaration(state: AnyStateNode): string[] {
    const id = this.#id(state);
    const inner = [...(this.#inner.get(state) ?? [])];
    if (childrenOf(state).length === 0) {
      const name = isInRegion(state.parent) ? this.#pathBelow(regionOf(state), state) : state.key;
      return name === id && inner.length === 0 ? [id] : [name, ...inner].map((line) => `${id}: ${plain(line)}`);
    }
    const title = inner.length === 0 ? state.key : `${state.key} (${inner.join(", ")})`;
    const isPlain = title === id;
    return [...(isPlain ? [] : [`${id}: ${plain(title)}`]), `state ${id} {`, ...this.contents(state).map(indent), "}"];
  }

  #noteActions(state: AnyStateNode): void {
    const isFlat = childrenOf(state).length > 0 && isInRegion(state.parent);
    const suffix = isFlat ? ` of ${state.key}` : "";
    for (const drawn of isFlat ? openLeavesOf(state) : [state]) {
      for (const moment of ["entry", "exit"] as const) {
        const names = namesOf(state.config[moment]);
        if (names.length > 0) this.#note(drawn, `${moment}${suffix} / ${names.join(", ")}`);
      }
      for (const { src } of state.invoke) this.#note(drawn, `invokes ${String(src)}`);
    }
  }

  #note(state: AnyStateNode, line: string): void {
    const lines = this.#inner.get(state) ?? new Set();
    this.#inner.set(state, lines.add(line));
  }

  #draw(transition: AnyTransitionDefinition, label: string): void {
    const source: AnyStateNode = transition.source;
    const targets: readonly AnyStateNode[] = transition.target ?? [];
    if (targets.length === 0) for (const leaf of openLeavesOf(source)) this.#note(leaf, label);
    for (const target of targets) {
      if (isWithin(target, source) && target !== source) {
        // From anywhere in a state to one place in it. In a parallel state that concerns one region.
        const region = source.type === "parallel" ? childToward(source, target) : source;
        const starts = isInRegion(region) || region.type === "parallel" ? openLeavesOf(region) : childrenOf(region);
        for (const start of starts) if (start.type !== "final") this.#connect(start, target, label);
      } else {
        this.#connect(source, target, label);
      }
    }
  }

  #connect(source: AnyStateNode, target: AnyStateNode, label: string): void {
    let scope = source.parent ?? this.#machine.root;
    while (scope.parent !== undefined && (scope.type === "parallel" || !isWithin(target, scope) || target === scope)) {
      scope = scope.parent;
    }
    if (isInRegion(scope)) {
      for (const leaf of openLeavesOf(source)) this.#add(regionOf(scope), leaf, this.#end(target), label);
      return;
    }
    const [from, to] = [childToward(scope, source), childToward(scope, target)];
    const start = from === source ? "" : `in ${this.#pathBelow(from, source)}, `;
    const end = to === target ? "" : `, into ${this.#pathBelow(to, target)}`;
    this.#add(scope, from, to, `${start}${label}${end}`);
  }

  #add(scope: AnyStateNode, from: AnyStateNode, to: AnyStateNode, label: string): void {
    const key = `${from.id} ${to.id}`;
    const arrow = this.#arrows.get(key) ?? { scope, from, to, labels: new Set() };
    arrow.labels.add(label);
    this.#arrows.set(key, arrow);
  }

  /** Where an arrow to this state may end: inside a parallel region, in the first state within it. */
  #end(state: AnyStateNode): AnyStateNode {
    const initial = state.type === "compound" && isInRegion(state.parent) ? state.initial.target[0] : undefined;
    return initial === undefined ? state : this.#end(initial);
  }

  /** How people would name a state within another one; regions go without saying. */
  #pathBelow(ancestor: AnyStateNode, state: AnyStateNode): string {
    const names: string[] = [];
    for (let node: AnyStateNode | undefined = state; node !== undefined && node !== ancestor; node = node.parent) {
      if (node.parent?.type !== "parallel") names.unshift(node.key);
    }
    return names.join(".");
  }

  #id(state: AnyStateNode): string {
    const id = this.#ids.get(state);
    if (id === undefined) throw new Error(`the state ${state.id} is not part of this machine`);
    return id;
  }
}

function indent(line: string): string {
  return `  ${line}`;
}

function childrenOf(state: AnyStateNode): AnyStateNode[] {
  return Object.values(state.states);
}

function descendantsOf(state: AnyStateNode): AnyStateNode[] {
  return childrenOf(state).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** The states without children in a state, itself if it has none. */
function leavesOf(state: AnyStateNode): AnyStateNode[] {
  return [state, ...descendantsOf(state)].filter((node) => childrenOf(node).length === 0);
}

/** Those of them that something can still happen in. */
function openLeavesOf(state: AnyStateNode): AnyStateNode[] {
  return leavesOf(state).filter(({ type }) => type !== "final");
}

function isWithin(state: AnyStateNode, ancestor: AnyStateNode): boolean {
  return state === ancestor || (state.parent !== undefined && isWithin(state.parent, ancestor));
}

function isInRegion(state: AnyStateNode | undefined): boolean {
  return state?.parent !== undefined && (state.parent.type === "parallel" || isInRegion(state.parent));
}

/** The parallel region that a state is, or lies in. */
function regionOf(state: AnyStateNode): AnyStateNode {
  if (state.parent === undefined) throw new Error(`the state ${state.id} is in no parallel region`);
  return state.parent.type === "parallel" ? state : regionOf(state.parent);
}

/** The child of `ancestor` on the way down to `state`. */
function childToward(ancestor: AnyStateNode, state: AnyStateNode): AnyStateNode {
  const child = childrenOf(ancestor).find((candidate) => isWithin(state, candidate));
  if (child === undefined) throw new Error(`the state ${state.id} is not within ${ancestor.id}`);
  return child;
}
