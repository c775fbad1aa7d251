import { expect, it } from "vitest";
import { edgesOf, statesOf } from "../../../src/inspector/chart/edges.ts";
import type { Rectangle } from "../../../src/inspector/chart/layout.ts";
import { layouts } from "../../../src/inspector/chart/layouts.ts";
import { type MachineName, machines } from "../../../src/machines/index.ts";

const names = Object.keys(machines) as MachineName[]; // the keys of the record, which TypeScript gives as strings

it.each(names)("every state and every edge of the machine %s is drawn once", (name) => {
  const { states, arrows } = layouts[name];
  expect(states.map(({ id }) => id).toSorted()).toEqual(
    statesOf(machines[name].root)
      .map(({ id }) => id)
      .toSorted(),
  );
  const drawn = [
    ...arrows.flatMap(({ edges }) => edges.map(({ id }) => id)),
    ...states.flatMap(({ lines }) => lines.flatMap(({ edge }) => edge ?? [])),
  ];
  expect(drawn.toSorted()).toEqual(
    edgesOf(machines[name])
      .map(({ id }) => id)
      .toSorted(),
  );
});

it.each(names)("states of the machine %s lie within their parents and beside their siblings", (name) => {
  const { states } = layouts[name];
  for (const box of states) {
    const parent = states.find(({ id }) => id === box.id.slice(0, box.id.lastIndexOf(".")));
    if (parent !== undefined) expect(isWithin(box, parent), `${box.id} lies within ${parent.id}`).toBe(true);
    for (const other of states) {
      const areRelated = other === box || other.id.startsWith(`${box.id}.`) || box.id.startsWith(`${other.id}.`);
      if (!areRelated) expect(overlap(box, other), `${box.id} overlaps ${other.id}`).toBe(false);
    }
  }
});

it.each(names)("no two labels of the machine %s stand on each other", (name) => {
  const labels = layouts[name].arrows.map(({ label }) => label).filter(({ width }) => width > 0);
  for (const [index, label] of labels.entries()) {
    for (const other of labels.slice(index + 1)) expect(overlap(label, other)).toBe(false);
  }
});

it.each(names)("every arrow of the machine %s ends at the state that it leads to", (name) => {
  const { states, arrows } = layouts[name];
  for (const { points, target } of arrows) {
    const box = states.find(({ id }) => id === target);
    const [x, y] = points.at(-1) ?? [Number.NaN, Number.NaN];
    expect(box !== undefined && isWithin({ x, y, width: 0, height: 0 }, box), `an arrow to ${target}`).toBe(true);
  }
});

function isWithin(inner: Rectangle, outer: Rectangle): boolean {
  const slack = 1; // lines are rounded to half pixels
  return (
    inner.x >= outer.x - slack &&
    inner.y >= outer.y - slack &&
    inner.x + inner.width <= outer.x + outer.width + slack &&
    inner.y + inner.height <= outer.y + outer.height + slack
  );
}

function overlap(one: Rectangle, other: Rectangle): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}
