import type { Clock } from "../../ports/clock.ts";
import type { HeaderRecord, HistoryRecord } from "../records.ts";
import { History, type Scene } from "./history/history.ts";
import { type Oddity, OddityWatch } from "./history/odd.ts";
import { countUpTo } from "./history/sorted.ts";
import { formatRoute, parseRoute, type Route } from "./route.ts";
import type { ControlOrder, Source, SourceState } from "./sources/source.ts";

/** The moment that the page shows. */
export interface Cursor {
  readonly t: number;
  readonly position: number;
  /** It is the newest one, and the page goes on with it. */
  readonly isNewest: boolean;
}

/** Records that come are drawn this often at most. */
const redrawMs = 80;
/** Ages grow meanwhile, when nothing comes. */
const idleRedrawMs = 500;

/** What the page shows: a history, a route, and where the records come from. Parts subscribe to it and draw what it says. */
export class Viewer {
  readonly clock: Clock;
  history = new History();
  route: Route;
  source: SourceState = { kind: "none" };
  /** Something that did not work, to be said once. */
  notice: string | null = null;
  #oddities = new OddityWatch(this.history);
  #found: { readonly at: Cursor; readonly version: number; readonly list: readonly Oddity[] } | null = null;
  readonly #listeners = new Set<() => void>();
  #open: Source | null = null;
  /** When the newest records came, on this page's clock. */
  #arrivedAt = 0;
  #redraw: unknown = null;
  #idle: unknown = null;

  constructor(clock: Clock) {
    this.clock = clock;
    this.route = parseRoute(location.hash);
    addEventListener("hashchange", () => {
      this.route = parseRoute(location.hash);
      this.#tell();
    });
  }

  /** Shows what comes from there, and nothing else any more. */
  open(source: Source): void {
    this.#open?.close();
    this.#open = source;
    this.#begin(null);
    source.start({
      begin: (header) => {
        if (this.#open === source) this.#begin(header);
      },
      take: (records) => {
        if (this.#open === source) this.#take(records);
      },
      tell: (state) => {
        if (this.#open !== source) return;
        this.source = state;
        this.#tell();
      },
    });
  }

  /** There is nothing to show. */
  fail(reason: string): void {
    this.source = { kind: "failed", reason };
    this.#tell();
  }

  /** The output of an actor is wanted until the function that this gives is called. */
  follow(actor: number): () => void {
    return this.#open?.follow(actor) ?? (() => {});
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes what is on the page; `replace` leaves no entry in the browser's list. */
  go(change: Partial<Route>, { replace = false }: { readonly replace?: boolean } = {}): void {
    this.route = { ...this.route, ...change };
    const hash = formatRoute(this.route);
    if (hash !== location.hash) {
      if (replace) history.replaceState(null, "", hash);
      else history.pushState(null, "", hash);
    }
    this.#tell();
  }

  /** The address of a view, for links. */
  href(change: Partial<Route>): string {
    return formatRoute({ ...this.route, ...change });
  }

  get cursor(): Cursor {
    const { at } = this.route;
    const { history } = this;
    if (at === null) return { t: this.now, position: history.length, isNewest: true };
    const position =
      at.nth === null
        ? history.positionAt(at.t)
        : countUpTo(history.records, at.t - 1e-9, ({ t }) => t) + history.length - history.records.length + at.nth;
    return { t: at.t, position: Math.min(history.length, Math.max(history.firstPosition, position)), isNewest: false };
  }

  /** The newest moment: it goes on while a live source is connected. */
  get now(): number {
    const { lastT } = this.history;
    if (this.source.kind !== "live" || this.source.connection !== "open") return lastT;
    return lastT + Math.max(0, this.clock.now() - this.#arrivedAt);
  }

  get scene(): Scene {
    return this.history.scene(this.cursor.position);
  }

  get oddities(): readonly Oddity[] {
    const at = this.cursor;
    const known = this.#found;
    if (known !== null && known.version === this.history.version && known.at.position === at.position) {
      if (
        Math.abs(known.at.t - at.t) < idleRedrawMs &&
        at.isNewest === known.at.isNewest &&
        (at.isNewest || known.at.t === at.t)
      ) {
        return known.list;
      }
    }
    const list = this.#oddities.find(this.history.scene(at.position), at.t);
    this.#found = { at, version: this.history.version, list };
    return list;
  }

  /** Shows a moment of the past; at the end of it, what comes. */
  seek(t: number): void {
    const rounded = Math.round(t * 1_000) / 1_000;
    if (rounded >= this.now) this.go({ at: null }, { replace: true });
    else this.go({ at: { t: Math.max(this.history.firstT, rounded), nth: null } }, { replace: true });
  }

  /** Shows how things stood once so many records had happened. */
  seekPosition(position: number): void {
    const { history } = this;
    const t = history.timeAt(position);
    const before = countUpTo(history.records, t - 1e-9, (record) => record.t) + history.length - history.records.length;
    const all = history.positionAt(t);
    this.go({ at: { t, nth: position >= all ? null : position - before } }, { replace: true });
  }

  /** Steps to where something happened before or after, to one actor or to any. */
  step(direction: -1 | 1, actor: number | null): void {
    const position = this.history.step(this.cursor.position, direction, actor);
    if (position !== null) this.seekPosition(position);
    else if (direction > 0) this.go({ at: null }, { replace: true });
  }

  /** The actor that the keys are about. */
  get subject(): number | null {
    return this.route.page === "actor" ? this.route.actor : (this.route.picked.at(-1) ?? null);
  }

  /** May orders be given? Only to what is there now. */
  get mayControl(): boolean {
    return (
      this.source.kind === "live" && this.source.connection === "open" && this.source.mayControl && this.cursor.isNewest
    );
  }

  async order(order: ControlOrder): Promise<void> {
    try {
      await this.#open?.order(order);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
  }

  say(notice: string | null): void {
    this.notice = notice;
    this.#tell();
  }

  #begin(header: HeaderRecord | null): void {
    this.history = new History();
    this.history.header = header;
    this.#oddities = new OddityWatch(this.history);
    this.#found = null;
    this.#tell();
  }

  #take(records: readonly HistoryRecord[]): void {
    this.history.append(records);
    this.#arrivedAt = this.clock.now();
    this.#redraw ??= this.clock.setTimeout(() => {
      this.#redraw = null;
      this.#tell();
    }, redrawMs);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
    this.clock.clearTimeout(this.#idle);
    if (this.source.kind === "live") this.#idle = this.clock.setTimeout(() => this.#tell(), idleRedrawMs);
  }
}
