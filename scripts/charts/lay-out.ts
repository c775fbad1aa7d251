import { createRequire } from "node:module";
import type { ELK, ElkExtendedEdge, ElkLabel, ElkNode } from "elkjs/lib/elk-api.js";
import type { AnyStateMachine } from "xstate";
import type { ChartLayout, EdgeArrow, InitialArrow, Point, StateBox } from "../../src/inspector/chart/layout.ts";
import { type ChartGraph, elkGraphOf, initialDotId, inwardLabelId } from "./elk-graph.ts";

// Its types speak of an ES module, which the package is not.
const Elk: new () => ELK = createRequire(import.meta.url)("elkjs/lib/elk.bundled.js");

/** Where the states and arrows of a machine are best drawn; the same for the same machine. */
export async function layOut(machine: AnyStateMachine): Promise<ChartLayout> {
  const graph = elkGraphOf(machine);
  const root = await new Elk().layout(graph.root);
  const nodes = nodesOf(root);
  const arrows = root.edges ?? [];
  return {
    width: Math.ceil(root.width ?? 0),
    height: Math.ceil(root.height ?? 0),
    states: [...nodes.values()].flatMap((node) => boxOf(node, graph)),
    arrows: arrows.flatMap((arrow) => arrowOf(arrow, graph, nodes)),
    initials: arrows.flatMap((arrow) => initialOf(arrow, graph, nodes)),
  };
}

/** Outer nodes before inner ones. */
function nodesOf(root: ElkNode): Map<string, ElkNode> {
  const nodes = new Map([[root.id, root]]);
  for (const child of root.children ?? []) for (const [id, node] of nodesOf(child)) nodes.set(id, node);
  return nodes;
}

function boxOf(node: ElkNode, { boxes }: ChartGraph): StateBox[] {
  const box = boxes.get(node.id);
  return box === undefined ? [] : [{ id: node.id, ...box, ...rectangleOf(node) }];
}

function arrowOf(arrow: ElkExtendedEdge, { arrows }: ChartGraph, nodes: ReadonlyMap<string, ElkNode>): EdgeArrow[] {
  const drawn = arrows.get(arrow.id);
  if (drawn === undefined) return [];
  const label = drawn.isInward ? nodes.get(inwardLabelId(arrow.id)) : arrow.labels?.[0];
  return [{ ...drawn, points: pointsOf(arrow), label: rectangleOf(label ?? {}) }];
}

function initialOf(arrow: ElkExtendedEdge, graph: ChartGraph, nodes: ReadonlyMap<string, ElkNode>): InitialArrow[] {
  const state = [...graph.boxes.keys()].find((id) => arrow.sources[0] === initialDotId(id));
  const dot = nodes.get(arrow.sources[0] ?? "");
  return state === undefined || dot === undefined ? [] : [{ state, dot: centreOf(dot), points: pointsOf(arrow) }];
}

function pointsOf({ sections }: ElkExtendedEdge): Point[] {
  return (sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].map(({ x, y }): Point => [round(x), round(y)]),
  );
}

function rectangleOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<ElkNode | ElkLabel>) {
  return { x: round(x), y: round(y), width: round(width), height: round(height) };
}

function centreOf(node: ElkNode): Point {
  const { x, y, width, height } = rectangleOf(node);
  return [round(x + width / 2), round(y + height / 2)];
}

function round(pixels: number): number {
  return Math.round(pixels * 2) / 2;
}
