import { expect, it } from "vitest";
import { svgElement } from "../../../scripts/charts/svg-text.ts";
import { layouts } from "../../../src/inspector/chart/layouts.ts";
import { drawStatechart, type StatechartScene } from "../../../src/inspector/chart/statechart-drawing.ts";

const silent = "link.Connected.Silent --xstate.after.pongWait.link.Connected.Silent--> 0";
const ended = "link.Connected --connection.ended--> 0";

function drawn(scene: Partial<StatechartScene> = {}): string {
  return drawStatechart({ layout: layouts.link, title: "link 1", ...scene }, svgElement).source;
}

/** The group of a state or an edge: its start tag, and what is in it up to the next group. */
function groupOf(source: string, mark: string): string {
  const start = source.indexOf(`${mark}"`);
  return source.slice(source.lastIndexOf("<g", start), source.indexOf("</g>", start));
}

it("marks active states by more than their colour, and says them to whoever cannot see", () => {
  const source = drawn({ active: new Set(["link", "link.Connected", "link.Connected.Heard"]) });
  expect(groupOf(source, 'data-state="link.Connected.Heard')).toContain("is-active");
  expect(groupOf(source, 'data-state="link.Connected.Heard')).toContain("chart-mark");
  expect(groupOf(source, 'data-state="link.Recovering')).not.toContain("is-active");
  expect(source).toContain('aria-label="link 1: Connected Heard"');
});

it("shows what the last event took, and crosses out what it asked for in vain", () => {
  const source = drawn({ taken: new Set([silent]), refused: new Set([ended]) });
  expect(groupOf(source, `data-edge="${silent.replace(">", "&#62;")}`)).toContain("is-taken");
  expect(groupOf(source, `data-edge="${ended.replace(">", "&#62;")}`)).toContain("✕ connection.ended");
});

it("shows how long a timer still runs, beside its edge", () => {
  expect(drawn({ countdowns: new Map([[silent, "1.3 s"]]) })).toContain("after pongWait (5 s) · 1.3 s");
});

it("draws states in which the actor has never been in another way", () => {
  const source = drawn({ visited: new Set(["link", "link.Connecting"]) });
  expect(groupOf(source, 'data-state="link.Failed')).toContain("is-unvisited");
  expect(groupOf(source, 'data-state="link.Connecting')).not.toContain("is-unvisited");
});

it("escapes every word", () => {
  const source = drawn({ title: '"><script>alert(1)</script>' });
  expect(source).not.toContain("<script");
  expect(source).toContain("&#34;&#62;&#60;script&#62;");
});
