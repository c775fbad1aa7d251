import { type ChartLayout, chartText, type EdgeArrow, type InitialArrow, type Point, type StateBox } from "./layout.ts";

/** What is shown of a statechart beside its layout. States and edges are named by their ids. */
export interface StatechartScene {
  readonly layout: ChartLayout;
  /** What the drawing is called for whoever cannot see it. */
  readonly title: string;
  /** The states that it is in. Absent: the chart itself is meant, not an actor. */
  readonly active?: ReadonlySet<string> | undefined;
  /** The edges that the last event took. */
  readonly taken?: ReadonlySet<string> | undefined;
  /** The edges whose guards refused the last event. */
  readonly refused?: ReadonlySet<string> | undefined;
  /** The states that it has never been in are drawn in dots. Absent: nothing is known of that. */
  readonly visited?: ReadonlySet<string> | undefined;
  /** What is left of timers that run, as text, by their edge. */
  readonly countdowns?: ReadonlyMap<string, string> | undefined;
}

/** How an element of SVG is made: as text, or as a node of whatever renders the page. */
export type MakeElement<Element> = (
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly (Element | string)[],
) => Element;

/**
 * A statechart as a drawing in SVG. Everything carries a class, and what it stands for as `data-state` or `data-edge`; how it looks is
 * said in `chart.css`. What is active has a mark of its own, and what was refused a cross: colour is never the only sign.
 */
export function drawStatechart<Element>(scene: StatechartScene, make: MakeElement<Element>): Element {
  const { layout, title, active } = scene;
  const { states, initials, arrows, width, height } = layout;
  const label = active === undefined ? title : `${title}: ${activeText(states, active)}`;
  const pen = new Pen(scene, make);
  return make(
    "svg",
    { class: "chart", role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}`, width, height },
    // The boxes of outer states would cover the arrows within them: so all boxes first.
    [
      ...states.map((state) => pen.state(state)),
      ...initials.map((initial) => pen.initial(initial)),
      ...arrows.map((arrow) => pen.arrow(arrow)),
    ],
  );
}

class Pen<Element> {
  readonly #scene: StatechartScene;
  readonly #make: MakeElement<Element>;

  constructor(scene: StatechartScene, make: MakeElement<Element>) {
    this.#scene = scene;
    this.#make = make;
  }

  state({ id, title, kind, lines, x, y, width, height }: StateBox): Element {
    const { active, visited } = this.#scene;
    const isActive = active?.has(id) === true;
    const classes = [
      "chart-state",
      `is-${kind}`,
      isActive && "is-active",
      visited?.has(id) === false && "is-unvisited",
    ];
    const innerFrame = { class: "chart-inner-frame", x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 9 };
    const firstLine = y + chartText.titleHeight + 11;
    return this.#make("g", { class: namesOf(classes), "data-state": id }, [
      this.#shape("rect", { class: "chart-frame", x, y, width, height, rx: kind === "final" ? 12 : 6 }),
      ...(kind === "final" ? [this.#shape("rect", innerFrame)] : []),
      this.#text(x + chartText.paddingX, y + chartText.titleBase, { class: "chart-title" }, title),
      ...(isActive ? [this.#shape("circle", { class: "chart-mark", cx: x + width - 9, cy: y + 10, r: 4 })] : []),
      ...lines.map(({ text, edge }, index) =>
        this.#text(
          x + chartText.paddingX,
          firstLine + index * chartText.lineHeight,
          edge === undefined
            ? { class: "chart-line" }
            : { class: namesOf(["chart-line", this.#fate(edge)]), "data-edge": edge },
          text,
        ),
      ),
    ]);
  }

  initial({ state, dot: [cx, cy], points }: InitialArrow): Element {
    return this.#make("g", { class: "chart-initial", "data-initial": state }, [
      this.#shape("circle", { cx, cy, r: 4 }),
      ...this.#line(points),
    ]);
  }

  arrow({ points, label, edges, isInward }: EdgeArrow): Element {
    const fates = edges.map(({ id }) => this.#fate(id));
    const fate = fates.includes("is-taken") ? "is-taken" : fates.find((mark) => mark !== "");
    const { x, y, width, height } = label;
    let base = y - 3;
    const labels = edges.map(({ id, lines }) => {
      const drawn = this.#labelled(id, lines).map((line) => {
        base += chartText.lineHeight;
        return this.#text(x + 4, base, { class: "chart-label-line" }, line);
      });
      const isCounting = this.#scene.countdowns?.has(id) === true;
      const classes = ["chart-label", this.#fate(id), isCounting && "is-counting"];
      return this.#make("g", { class: namesOf(classes), "data-edge": id }, drawn);
    });
    return this.#make("g", { class: namesOf(["chart-arrow", fate]) }, [
      ...this.#line(points),
      ...(isInward ? [this.#shape("rect", { class: "chart-inward", x, y, width, height, rx: 8 })] : []),
      ...labels,
    ]);
  }

  /** The lines of a label, with a cross before what was refused, and behind a timer what is left of it. */
  #labelled(edge: string, lines: readonly string[]): string[] {
    const countdown = this.#scene.countdowns?.get(edge);
    const cross = this.#fate(edge) === "is-refused" ? "✕ " : "";
    return lines.map((line, index) =>
      index === 0 ? `${cross}${line}${countdown === undefined ? "" : ` · ${countdown}`}` : line,
    );
  }

  #fate(edge: string): "is-taken" | "is-refused" | "" {
    if (this.#scene.taken?.has(edge) === true) return "is-taken";
    return this.#scene.refused?.has(edge) === true ? "is-refused" : "";
  }

  #line(points: readonly Point[]): Element[] {
    return [
      this.#shape("path", { class: "chart-arrow-line", d: pathOf(points) }),
      this.#shape("path", { class: "chart-arrow-head", d: headOf(points) }),
    ];
  }

  #shape(tag: string, attributes: Readonly<Record<string, string | number>>): Element {
    return this.#make(tag, attributes, []);
  }

  #text(x: number, y: number, attributes: Readonly<Record<string, string>>, words: string): Element {
    return this.#make("text", { x, y, ...attributes }, [words]);
  }
}

const cornerPx = 9;

/** A line through all points, its corners rounded. */
function pathOf(points: readonly Point[]): string {
  const [start, ...rest] = points;
  if (start === undefined) return "";
  const parts = rest.map((point, index) => {
    const next = rest[index + 1];
    if (next === undefined) return `L${point.join(" ")}`;
    const [before, after] = [towards(point, points[index] ?? start), towards(point, next)];
    return `L${before.join(" ")}Q${point.join(" ")} ${after.join(" ")}`;
  });
  return `M${start.join(" ")}${parts.join("")}`;
}

/** The place on the way from a corner to its neighbour where the curve begins. */
function towards(corner: Point, neighbour: Point): Point {
  const [dx, dy] = [neighbour[0] - corner[0], neighbour[1] - corner[1]];
  const part = Math.min(0.5, cornerPx / Math.max(Math.hypot(dx, dy), 1));
  return [round(corner[0] + dx * part), round(corner[1] + dy * part)];
}

const headPx = 8;

/** Half the angle of the head, in radians. */
const headSpread = 0.45;

/** The head of an arrow at the end of its line. */
function headOf(points: readonly Point[]): string {
  const [tip, before] = [points.at(-1), points.at(-2)];
  if (tip === undefined || before === undefined) return "";
  const angle = Math.atan2(tip[1] - before[1], tip[0] - before[0]);
  const wings = [angle + headSpread, angle - headSpread].map((turn) =>
    [round(tip[0] - headPx * Math.cos(turn)), round(tip[1] - headPx * Math.sin(turn))].join(" "),
  );
  return `M${tip.join(" ")}L${wings.join("L")}Z`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function namesOf(classes: readonly (string | false | undefined)[]): string {
  return classes.filter(Boolean).join(" ");
}

/** The innermost active states, in words. */
function activeText(states: readonly StateBox[], active: ReadonlySet<string>): string {
  const inner = states.filter(({ id, kind }) => active.has(id) && (kind === "atomic" || kind === "final"));
  return inner.map(({ id }) => id.split(".").slice(1).join(" ")).join(", ");
}
