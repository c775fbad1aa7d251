import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { count } from "../history/figures.ts";
import { textOf } from "../history/filter.ts";
import type { Oddity } from "../history/odd.ts";
import type { Tone } from "../history/state-name.ts";
import type { ActorView } from "../history/track.ts";
import { legible } from "./plain-text.tsx";
import { shapeOf } from "./state-mark.tsx";
import { type Palette, readPalette } from "./theme.ts";
import { layoutTiles, neighbour, type PlacedTile, type TileGroup, type TileLayout, tileAt } from "./tile-layout.ts";
import { useViewer } from "./use-viewer.ts";

interface TileCanvasProps {
  readonly groups: readonly TileGroup[];
  readonly odd: ReadonlyMap<number, Oddity>;
  readonly picked: readonly number[];
  /** `adds`: beside those that were picked before. */
  readonly onPick: (actor: ActorView, adds: boolean) => void;
  readonly onOpen: (actor: ActorView) => void;
}

/** A change of state glows for so long. */
const glowMs = 900;

/**
 * Every actor as a tile: coloured by its state, with the shape of its tone. To a screen reader it is a list box of all of them, of
 * which the current one is in the document.
 */
export function TileCanvas({ groups, odd, picked, onPick, onOpen }: TileCanvasProps) {
  const { clock, cursor } = useViewer();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 600, height: 400 });
  const [current, setCurrent] = useState<number | null>(null);
  const [palette, setPalette] = useState(readPalette);
  const glow = useRef(new Map<number, { state: string; changedAt: number }>());
  const layout = useMemo(() => layoutTiles(groups, size.width), [groups, size.width]);
  const index = Math.max(
    0,
    layout.tiles.findIndex(({ actor }) => actor.actor === (current ?? picked.at(-1))),
  );
  const focused = layout.tiles[index];

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = () => setSize({ width: element.clientWidth - 2 * padding, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const repaint = () => setPalette(readPalette());
    addEventListener("proctor-theme", repaint);
    return () => removeEventListener("proctor-theme", repaint);
  }, []);

  useLayoutEffect(() => {
    const [element, surface] = [box.current, canvas.current];
    if (element === null || surface === null) return;
    const now = clock.now();
    const known = glow.current;
    const isCalm = !cursor.isNewest || matchMedia("(prefers-reduced-motion: reduce)").matches;
    let last = 0;
    for (const { actor } of layout.tiles) {
      const before = known.get(actor.actor);
      if (before?.state === actor.state) last = Math.max(last, before.changedAt);
      else {
        const changedAt = before === undefined || isCalm ? Number.NEGATIVE_INFINITY : now;
        known.set(actor.actor, { state: actor.state, changedAt });
        last = Math.max(last, changedAt);
      }
    }
    let frame = 0;
    const draw = () => {
      const at = clock.now();
      drawTiles(surface, { layout, palette, odd, picked, top: element.scrollTop, ...size }, (actor) => {
        const changedAt = known.get(actor)?.changedAt ?? Number.NEGATIVE_INFINITY;
        return Math.max(0, 1 - (at - changedAt) / glowMs);
      });
      frame = at - last < glowMs ? requestAnimationFrame(draw) : 0;
    };
    draw();
    const scrolled = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(draw);
    };
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", scrolled);
    };
  }, [layout, size, palette, odd, picked, clock, cursor.isNewest]);

  const tileOf = (event: MouseEvent): PlacedTile | undefined => {
    const frame = canvas.current?.getBoundingClientRect();
    if (frame === undefined) return undefined;
    return tileAt(
      layout,
      event.clientX - frame.left - padding,
      event.clientY - frame.top + (box.current?.scrollTop ?? 0) - padding,
    );
  };
  const moveTo = (next: number) => {
    const tile = layout.tiles[next];
    const element = box.current;
    if (tile === undefined || element === null) return;
    setCurrent(tile.actor.actor);
    if (tile.y < element.scrollTop) element.scrollTop = Math.max(0, tile.y - 30);
    const bottom = tile.y + layout.tileHeight + 2 * padding;
    if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  };
  return (
    <div
      ref={box}
      class="tiles"
      role="listbox"
      aria-label={`${count(layout.tiles.length)} actors`}
      aria-multiselectable="true"
      aria-activedescendant={focused === undefined ? undefined : "tile-now"}
      tabIndex={0}
      onKeyDown={(event) => {
        if (focused !== undefined && (event.key === "Enter" || event.key === " ")) {
          event.preventDefault();
          if (event.key === "Enter" && picked.includes(focused.actor.actor) && !event.shiftKey) onOpen(focused.actor);
          else onPick(focused.actor, event.shiftKey);
        } else if (/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) {
          event.preventDefault();
          event.stopPropagation();
          moveTo(neighbour(layout, index, event.key));
        }
      }}
      onClick={(event) => {
        const tile = tileOf(event);
        if (tile === undefined) return;
        setCurrent(tile.actor.actor);
        onPick(tile.actor, event.shiftKey);
      }}
      onDblClick={(event) => {
        const tile = tileOf(event);
        if (tile !== undefined) onOpen(tile.actor);
      }}
      onMouseMove={(event) => {
        const tile = tileOf(event);
        if (canvas.current !== null)
          canvas.current.title = tile === undefined ? "" : `${tile.actor.name}: ${tile.actor.state}`;
      }}
    >
      <canvas
        ref={canvas}
        aria-hidden="true"
        style={{ width: `${size.width + 2 * padding}px`, height: `${size.height}px` }}
      />
      <div class="tiles-room" style={{ height: `${Math.max(0, layout.height + 2 * padding - size.height)}px` }} />
      {focused !== undefined && (
        <div
          id="tile-now"
          class="unseen"
          role="option"
          aria-selected={picked.includes(focused.actor.actor)}
          aria-posinset={index + 1}
          aria-setsize={layout.tiles.length}
          tabIndex={-1}
        >
          {focused.actor.name}, {focused.actor.state}
          {odd.has(focused.actor.actor) ? `, ${odd.get(focused.actor.actor)?.text}` : ""}
        </div>
      )}
    </div>
  );
}

const padding = 12;

interface Drawing {
  readonly layout: TileLayout;
  readonly palette: Palette;
  readonly odd: ReadonlyMap<number, Oddity>;
  readonly picked: readonly number[];
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function drawTiles(surface: HTMLCanvasElement, drawing: Drawing, glowOf: (actor: number) => number): void {
  const { layout, palette, odd, picked, top, width, height } = drawing;
  const ratio = devicePixelRatio;
  const [pixelsX, pixelsY] = [Math.round((width + 2 * padding) * ratio), Math.round(height * ratio)];
  if (surface.width !== pixelsX || surface.height !== pixelsY) {
    surface.width = pixelsX;
    surface.height = pixelsY;
  }
  const pen = surface.getContext("2d");
  if (pen === null) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width + 2 * padding, height);
  pen.translate(padding, padding - top);
  const inSight = ({ y }: { readonly y: number }) => y > top - 60 && y < top + height;
  pen.textBaseline = "middle";
  pen.font = "600 12px system-ui, sans-serif";
  pen.fillStyle = palette.soft;
  for (const heading of layout.headings)
    if (inSight(heading)) pen.fillText(heading.title, 0, heading.y + 10, layout.width);
  for (const tile of layout.tiles) {
    if (!inSight(tile)) continue;
    const { actor, x, y } = tile;
    const colour = palette.tones[actor.tone];
    const glow = glowOf(actor.actor);
    pen.beginPath();
    pen.roundRect(x, y, layout.tileWidth, layout.tileHeight, layout.isNamed ? 6 : 4);
    pen.globalAlpha = actor.tone === "over" ? 0.1 : 0.16 + 0.5 * glow;
    pen.fillStyle = colour;
    pen.fill();
    pen.globalAlpha = 1;
    drawMark(pen, actor.tone, colour, x + (layout.isNamed ? 9 : 4), y + (layout.tileHeight - 10) / 2);
    if (layout.isNamed) drawName(pen, palette, actor, x + 27, y, layout.tileWidth - 34);
    if (odd.has(actor.actor))
      strokeTile(
        pen,
        tile,
        layout,
        palette.tones[odd.get(actor.actor)?.kind === "failed" ? "failed" : "attention"],
        1.2,
        [3, 2],
      );
    if (picked.includes(actor.actor)) strokeTile(pen, tile, layout, palette.accent, 2, []);
  }
}

function drawName(
  pen: CanvasRenderingContext2D,
  palette: Palette,
  { name, state, facts }: ActorView,
  x: number,
  y: number,
  width: number,
): void {
  pen.fillStyle = palette.ink;
  pen.font = "12px system-ui, sans-serif";
  pen.fillText(shorten(pen, legible(name, 100), width), x, y + 12);
  pen.fillStyle = palette.soft;
  pen.font = "11px system-ui, sans-serif";
  const command = facts.argv === undefined ? "" : `  ${textOf(facts.argv).slice(0, 100)}`;
  pen.fillText(shorten(pen, `${state}${legible(command)}`, width), x, y + 25);
}

/** A text that fits. Names can be of any length, and measuring takes time: what can never fit is not measured. */
function shorten(pen: CanvasRenderingContext2D, text: string, width: number): string {
  const most = Math.floor(width / 3);
  if (text.length <= most && pen.measureText(text).width <= width) return text;
  let [low, high] = [0, Math.min(text.length, most)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (pen.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
}

function strokeTile(
  pen: CanvasRenderingContext2D,
  { x, y }: PlacedTile,
  layout: TileLayout,
  colour: string,
  width: number,
  dash: number[],
): void {
  pen.beginPath();
  pen.roundRect(x + 0.5, y + 0.5, layout.tileWidth - 1, layout.tileHeight - 1, layout.isNamed ? 6 : 4);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

const paths = new Map<Tone, Path2D>();

function drawMark(pen: CanvasRenderingContext2D, tone: Tone, colour: string, x: number, y: number): void {
  const path = paths.get(tone) ?? new Path2D(shapeOf(tone));
  paths.set(tone, path);
  pen.save();
  pen.translate(x, y);
  pen.scale(10 / 12, 10 / 12);
  pen.fillStyle = colour;
  pen.fill(path);
  pen.restore();
}
