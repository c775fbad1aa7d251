import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { duration, moment } from "../history/figures.ts";
import { shortestGapMs } from "../history/history.ts";
import type { Lane } from "../history/lanes.ts";
import { TimeScale } from "../history/time-scale.ts";
import { axisHeight, drawLanes, laneHeight, type Window } from "./draw-lanes.ts";
import { legible } from "./plain-text.tsx";
import { readPalette } from "./theme.ts";
import { useViewer } from "./use-viewer.ts";

interface TimelineProps {
  readonly lanes: readonly Lane[];
  readonly label: string;
}

/** A bit of air on the right, so that the newest moment can be seen. */
const air = 0.015;

/** Lanes over time, with a scrubber: dragging it moves the whole page. */
export function Timeline({ lanes, label }: TimelineProps) {
  const viewer = useViewer();
  const { history, cursor, now } = viewer;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 600, height: 120 });
  const [top, setTop] = useState(0);
  const [palette, setPalette] = useState(readPalette);
  /** What is in sight: everything, or a part of the axis. */
  const [chosen, setChosen] = useState<Window | null>(null);
  const scale = useMemo(() => {
    const quiet = now - history.activeUntil;
    const open = quiet >= shortestGapMs ? [{ from: history.activeUntil, to: now }] : [];
    return new TimeScale(history.firstT, now, [...history.gaps, ...open]);
  }, [history, history.version, now]);
  const all: Window = { from: 0, to: Math.max(1, scale.length) * (1 + air) };
  const window = chosen ?? all;

  useLayoutEffect(() => {
    const element = canvas.current?.parentElement;
    if (element === null || element === undefined) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const repaint = () => setPalette(readPalette());
    addEventListener("proctor-theme", repaint);
    return () => removeEventListener("proctor-theme", repaint);
  }, []);
  useLayoutEffect(() => {
    if (canvas.current === null) return;
    drawLanes(canvas.current, { history, scale, window, lanes, palette, ...size, top, cursorT: cursor.t, now });
  });

  const zoom = (factor: number, around: number) => {
    const span = Math.min(all.to, Math.max(2, (window.to - window.from) * factor));
    if (span >= all.to) return setChosen(null);
    const share = (around - window.from) / (window.to - window.from);
    setChosen(within(all, around - span * share, span));
  };
  const pan = (by: number) =>
    setChosen(chosen === null ? null : within(all, chosen.from + by, chosen.to - chosen.from));
  const placeAt = (clientX: number) => {
    const frame = canvas.current?.getBoundingClientRect();
    if (frame === undefined) return 0;
    return window.from + ((clientX - frame.left) / Math.max(1, frame.width)) * (window.to - window.from);
  };
  const scrub = (event: PointerEvent) => viewer.seek(scale.time(Math.max(0, placeAt(event.clientX))));
  return (
    <div class="timeline" ref={box}>
      <div class="lane-labels" style={{ paddingTop: `${axisHeight}px` }}>
        <ul style={{ transform: `translateY(${-top}px)` }}>
          {lanes.map(({ label: name, actor }) => (
            <li key={actor} style={{ height: `${laneHeight}px` }}>
              <a
                href={viewer.href({ page: "actor", actor })}
                aria-current={viewer.subject === actor ? "true" : undefined}
                title={legible(name, 200)}
              >
                {legible(name, 60)}
              </a>
            </li>
          ))}
        </ul>
      </div>
      <div
        class="lanes"
        role="slider"
        aria-label={label}
        aria-valuemin={Math.round(history.firstT)}
        aria-valuemax={Math.round(now)}
        aria-valuenow={Math.round(cursor.t)}
        aria-valuetext={`${moment(cursor.t)}${cursor.isNewest ? ", the newest moment" : `, ${duration(now - cursor.t)} ago`}`}
        tabIndex={0}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          scrub(event);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) scrub(event);
        }}
        onWheel={(event) => {
          const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
          if (isSideways) pan(((event.deltaX || event.deltaY) / size.width) * (window.to - window.from));
          else if (event.ctrlKey || lanes.length * laneHeight + axisHeight <= size.height)
            zoom(event.deltaY > 0 ? 1.25 : 0.8, placeAt(event.clientX));
          else setTop(Math.max(0, Math.min(lanes.length * laneHeight + axisHeight - size.height, top + event.deltaY)));
          event.preventDefault();
        }}
        onKeyDown={(event) => {
          const keys: Readonly<Record<string, () => void>> = {
            "+": () => zoom(0.6, scale.place(cursor.t)),
            "=": () => zoom(0.6, scale.place(cursor.t)),
            "-": () => zoom(1.6, scale.place(cursor.t)),
            "0": () => setChosen(null),
            Home: () => viewer.seek(history.firstT),
            End: () => viewer.go({ at: null }),
            PageUp: () => viewer.seek(scale.time(Math.max(0, scale.place(cursor.t) - (window.to - window.from) / 10))),
            PageDown: () => viewer.seek(scale.time(scale.place(cursor.t) + (window.to - window.from) / 10)),
            ArrowDown: () =>
              setTop(Math.max(0, Math.min(lanes.length * laneHeight + axisHeight - size.height, top + laneHeight))),
            ArrowUp: () => setTop(Math.max(0, top - laneHeight)),
          };
          const act = keys[event.key];
          if (act === undefined) return;
          event.preventDefault();
          act();
        }}
      >
        <canvas ref={canvas} aria-hidden="true" style={{ width: `${size.width}px`, height: `${size.height}px` }} />
      </div>
      <div class="zoom" role="group" aria-label="Zoom">
        <button
          type="button"
          class="icon"
          aria-label="Closer"
          title="Closer (+)"
          onClick={() => zoom(0.6, scale.place(cursor.t))}
        >
          +
        </button>
        <button
          type="button"
          class="icon"
          aria-label="Farther"
          title="Farther (-)"
          onClick={() => zoom(1.6, scale.place(cursor.t))}
        >
          −
        </button>
        <button
          type="button"
          class="icon"
          aria-label="All of it"
          title="All of it (0)"
          aria-pressed={chosen === null}
          onClick={() => setChosen(null)}
        >
          ↔
        </button>
      </div>
    </div>
  );
}

function within(all: Window, from: number, span: number): Window {
  const start = Math.max(0, Math.min(all.to - span, from));
  return { from: start, to: start + span };
}
