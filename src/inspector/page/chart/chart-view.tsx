import { h, type VNode } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { drawStatechart, type StatechartScene } from "../../chart/statechart-drawing.ts";

/** A chart that would have to be smaller than this to fit is shown in part, around what is active. */
const legibleScale = 0.72;

/** A statechart that fits its place, or can be moved about in it. */
export function ChartView({ drawing }: { readonly drawing: StatechartScene }) {
  const room = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  /** `null`: as is fitting. */
  const [chosen, setChosen] = useState<number | null>(null);
  const { layout, active, taken, refused, visited, countdowns } = drawing;
  const fitting = Math.min(1, width / layout.width);
  const scale = chosen ?? Math.max(legibleScale, fitting);
  const key = [active, taken, refused, visited].map((set) => [...(set ?? [])].join()).join(";");
  const times = [...(countdowns ?? [])].join();
  const picture = useMemo(
    () => drawStatechart<VNode>(drawing, (tag, attributes, children) => h(tag, { ...attributes }, ...children)),
    [layout, key, times],
  );
  const inner = useMemo(() => [...(active ?? [])].sort((a, b) => b.length - a.length), [key]);

  useLayoutEffect(() => {
    const element = room.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = room.current;
    const boxes = layout.states.filter(({ id, kind }) => active?.has(id) && (kind === "atomic" || kind === "final"));
    if (element === null || boxes.length === 0) return;
    const [left, top] = [Math.min(...boxes.map(({ x }) => x)), Math.min(...boxes.map(({ y }) => y))];
    const right = Math.max(...boxes.map((box) => box.x + box.width));
    const bottom = Math.max(...boxes.map((box) => box.y + box.height));
    element.scrollLeft = ((left + right) / 2) * scale - element.clientWidth / 2;
    element.scrollTop = ((top + bottom) / 2) * scale - element.clientHeight / 2;
  }, [inner.join(), scale, width, layout]);

  return (
    <div class="chart-place">
      <div class="chart-tools" role="group" aria-label="Size of the chart">
        <button type="button" class="icon" aria-label="Larger" onClick={() => setChosen(Math.min(1.6, scale * 1.25))}>
          +
        </button>
        <button
          type="button"
          class="icon"
          aria-label="Smaller"
          onClick={() => setChosen(Math.max(fitting * 0.8, scale / 1.25))}
        >
          −
        </button>
        <button
          type="button"
          class="icon"
          aria-label="Whole chart"
          title="Whole chart"
          aria-pressed={chosen === fitting}
          onClick={() => setChosen(chosen === fitting ? null : fitting)}
        >
          ↔
        </button>
      </div>
      <div
        class="chart-room"
        ref={room}
        role="region"
        aria-label="Chart"
        tabIndex={0}
        onKeyDown={(event) => {
          if (/^Arrow(Up|Down)$/.test(event.key)) event.stopPropagation();
        }}
        onPointerDown={(event) => {
          const element = event.currentTarget;
          if (event.pointerType !== "mouse" || event.button !== 0) return;
          const from = { x: event.clientX + element.scrollLeft, y: event.clientY + element.scrollTop };
          const drag = (move: PointerEvent) => {
            element.scrollLeft = from.x - move.clientX;
            element.scrollTop = from.y - move.clientY;
          };
          const end = () => {
            removeEventListener("pointermove", drag);
            removeEventListener("pointerup", end);
          };
          addEventListener("pointermove", drag);
          addEventListener("pointerup", end);
        }}
      >
        <div class="chart-paper" style={{ width: `${layout.width * scale}px`, height: `${layout.height * scale}px` }}>
          {picture}
        </div>
      </div>
    </div>
  );
}
