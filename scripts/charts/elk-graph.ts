import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import type { AnyStateMachine, AnyStateNode } from "xstate";
import { edgesOf, statesOf } from "../../src/inspector/chart/edges.ts";
import { chartText, type EdgeArrow, type StateBox, type StateLine } from "../../src/inspector/chart/layout.ts";
import { namesOf } from "../../src/machines/diagram-labels.ts";

/** A machine as a graph that can be laid out, with what the layout itself does not keep. */
export interface ChartGraph {
  readonly root: ElkNode;
  /** By the id of the state. */
  readonly boxes: ReadonlyMap<string, Pick<StateBox, "title" | "kind" | "lines">>;
  /** By the id of the arrow in the graph. */
  readonly arrows: ReadonlyMap<string, Pick<EdgeArrow, "source" | "target" | "isInward" | "edges">>;
}

/** How wide text becomes, without asking a browser: a little more than in the fonts that are common. */
const titleCharPx = 8.2;
const lineCharPx = 6.3;

/** A label is broken where it would become longer. */
const labelChars = 32;

/** Room for the mark of an active state. */
const markPx = 8;

const dotPx = 10;

const layoutOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "POLYLINE",
  "org.eclipse.elk.json.edgeCoords": "ROOT",
  "org.eclipse.elk.json.shapeCoords": "ROOT",
  "elk.spacing.nodeNode": "20",
  "elk.spacing.edgeNode": "12",
  "elk.spacing.edgeEdge": "10",
  "elk.spacing.edgeLabel": "4",
  "elk.layered.spacing.nodeNodeBetweenLayers": "22",
  "elk.layered.spacing.edgeNodeBetweenLayers": "10",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.cycleBreaking.strategy": "DEPTH_FIRST",
} as const;

/** What is entered first comes first, also where a circle leads back to it. */
const downward = { "elk.layered.priority.direction": "100" };

/** The id of the dot from which the first state of a state is entered. */
export function initialDotId(state: string): string {
  return `${state} (initial)`;
}

/** The id of the label at which an arrow begins that leads from anywhere in a state to a place within it. */
export function inwardLabelId(arrow: string): string {
  return `${arrow} (label)`;
}

/** States as nested boxes, and what leads from one to another as one arrow with all labels. */
export function elkGraphOf(machine: AnyStateMachine): ChartGraph {
  const states = statesOf(machine.root);
  const boxes = new Map(
    states.map((state) => [state.id, { title: state.key, kind: kindOf(state), lines: linesOf(state, machine) }]),
  );
  const arrows = arrowsOf(machine);
  const initials = states
    .filter((state) => kindOf(state) === "compound")
    .flatMap((state): ElkExtendedEdge[] =>
      (state.initial.target ?? []).map(({ id }) => ({
        id: `${initialDotId(state.id)} --> ${id}`,
        sources: [initialDotId(state.id)],
        targets: [id],
        layoutOptions: downward,
      })),
    );
  const edges = [...arrows].map(([id, { source, target, isInward, edges }]): ElkExtendedEdge => {
    const lines = edges.flatMap((edge) => edge.lines);
    const labels = isInward || lines.length === 0 ? [] : [{ text: lines.join("\n"), ...sizeOf(lines) }];
    return { id, sources: [isInward ? inwardLabelId(id) : source], targets: [target], labels };
  });
  return { root: { ...nodeOf(machine.root, boxes, arrows), edges: [...initials, ...edges] }, boxes, arrows };
}

/** The edges between each two states together. */
function arrowsOf(machine: AnyStateMachine): ChartGraph["arrows"] {
  const arrows = new Map<string, Pick<EdgeArrow, "source" | "target" | "isInward"> & { edges: EdgeArrow["edges"] }>();
  for (const { id: edge, source, targets, label } of edgesOf(machine)) {
    for (const target of targets) {
      const id = `${source} --> ${target}`;
      const isInward = target.startsWith(`${source}.`);
      const arrow = arrows.get(id) ?? { source, target, isInward, edges: [] };
      arrows.set(id, { ...arrow, edges: [...arrow.edges, { id: edge, lines: labelLines(label) }] });
    }
  }
  return arrows;
}

function nodeOf(state: AnyStateNode, boxes: ChartGraph["boxes"], arrows: ChartGraph["arrows"]): ElkNode {
  const { title, lines } = boxes.get(state.id) ?? { title: state.key, lines: [] };
  const width = Math.max(
    Math.ceil(title.length * titleCharPx) + 2 * chartText.paddingX + markPx,
    sizeOf(lines.map(({ text }) => text)).width + 2 * chartText.paddingX,
  );
  const top = chartText.titleHeight + lines.length * chartText.lineHeight + (lines.length > 0 ? 5 : 0);
  const children = Object.values(state.states) as AnyStateNode[];
  if (children.length === 0) return { id: state.id, width, height: top };
  const dots = kindOf(state) === "compound" ? [{ id: initialDotId(state.id), width: dotPx, height: dotPx }] : [];
  const inward = [...arrows]
    .filter(([, { source, isInward }]) => isInward && source === state.id)
    .map(([id, { edges }]) => ({ id: inwardLabelId(id), ...sizeOf(edges.flatMap((edge) => edge.lines)) }));
  return {
    id: state.id,
    children: [...dots, ...inward, ...children.map((child) => nodeOf(child, boxes, arrows))],
    layoutOptions: {
      ...layoutOptions,
      "elk.padding": `[top=${top + 4},left=12,bottom=12,right=12]`,
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${width},${top + 20})`,
    },
  };
}

function kindOf(state: AnyStateNode): StateBox["kind"] {
  if (state.type === "parallel" || state.type === "final") return state.type;
  return Object.keys(state.states).length > 0 ? "compound" : "atomic";
}

function linesOf(state: AnyStateNode, machine: AnyStateMachine): StateLine[] {
  const actions = (["entry", "exit"] as const).flatMap((moment) => {
    const names = namesOf(state.config[moment]);
    return names.length === 0 ? [] : [{ text: `${moment} / ${names.join(", ")}` }];
  });
  const invoked = state.invoke.map(({ src }) => ({ text: `invokes ${String(src)}` }));
  const inner = edgesOf(machine)
    .filter(({ source, targets }) => source === state.id && targets.length === 0)
    .map(({ id, label }) => ({ text: label, edge: id }));
  return [...actions, ...invoked, ...inner];
}

/** A label in lines: what triggers it, then what it does. */
function labelLines(label: string): string[] {
  return label
    .split(/ (?=\/ )/)
    .flatMap(wrap)
    .filter((line) => line !== "");
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < labelChars) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function sizeOf(lines: readonly string[]): { width: number; height: number } {
  const longest = Math.max(0, ...lines.map(({ length }) => length));
  return { width: Math.ceil(longest * lineCharPx) + 8, height: lines.length * chartText.lineHeight + 2 };
}
