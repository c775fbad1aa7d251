/** Where everything of a drawn statechart stands, in pixels from its top left corner. Made when a machine changes, not in the page. */
export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  /** Outer ones before those within them, so that drawing them in order puts the inner ones on top. */
  readonly states: readonly StateBox[];
  readonly arrows: readonly EdgeArrow[];
  /** The arrows from the dot to the state that is entered first. */
  readonly initials: readonly InitialArrow[];
}

export interface StateBox extends Rectangle {
  /** The id of the state. */
  readonly id: string;
  readonly title: string;
  readonly kind: "atomic" | "compound" | "parallel" | "final";
  /** Its entry and exit actions, what it invokes, and the events that only cause actions, which name their edge. */
  readonly lines: readonly StateLine[];
}

export interface StateLine {
  readonly text: string;
  readonly edge?: string;
}

/** What leads from one state to another: one arrow for all edges between the two. */
export interface EdgeArrow {
  readonly source: string;
  readonly target: string;
  readonly points: readonly Point[];
  /** One from anywhere in a state to a place within it: it begins at its own label. */
  readonly isInward: boolean;
  /** Where the labels of its edges stand, one below the other. */
  readonly label: Rectangle;
  readonly edges: readonly EdgeLabel[];
}

export interface EdgeLabel {
  /** The id of the edge. */
  readonly id: string;
  readonly lines: readonly string[];
}

export interface InitialArrow {
  /** The state whose beginning it is. */
  readonly state: string;
  readonly dot: Point;
  readonly points: readonly Point[];
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Point = readonly [x: number, y: number];

/** How the text of a chart is set. What is drawn and what is laid out have to agree on it. */
export const chartText = {
  titlePx: 13,
  linePx: 11,
  lineHeight: 15,
  /** From the top of a box to the base line of its title. */
  titleBase: 18,
  /** From the top of a box to what is below its title. */
  titleHeight: 26,
  paddingX: 10,
} as const;
