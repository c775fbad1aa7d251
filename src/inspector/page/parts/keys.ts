import type { Viewer } from "../viewer.ts";

/** What the keys do, for the page that tells it. */
export const keyTable: readonly (readonly [keys: string, what: string])[] = [
  ["← →", "step to where something happened to the picked actor, or to any"],
  ["Shift + ← →", "step to where something happened to anybody"],
  [", .", "the same from within a list, where the arrows move"],
  ["l", "the newest moment, and on with it"],
  ["/", "filter"],
  ["g, t, m", "fleet, time, machines"],
  ["v", "tiles or table"],
  ["Enter", "pick, and once more to open; Shift + Enter to compare"],
  ["+ − 0", "on the timeline: closer, farther, all of it"],
  ["d", "light or dark"],
  ["Esc", "back, and leave a field"],
  ["?", "this list"],
];

/** What a key does anywhere on the page but in a field. */
export function pressKey(
  event: KeyboardEvent,
  viewer: Viewer,
  acts: { readonly help: () => void; readonly theme: () => void },
): void {
  const field = event.target instanceof HTMLElement && event.target.matches("input, select, textarea, .xterm *");
  if (event.key === "Escape" && field && event.target instanceof HTMLElement && !event.target.matches(".xterm *"))
    event.target.blur();
  if (field || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const { route, subject } = viewer;
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => viewer.step(-1, event.shiftKey ? null : subject),
    ArrowRight: () => viewer.step(1, event.shiftKey ? null : subject),
    ",": () => viewer.step(-1, subject),
    ".": () => viewer.step(1, subject),
    "<": () => viewer.step(-1, null),
    ">": () => viewer.step(1, null),
    l: () => viewer.go({ at: null }),
    "/": () => {
      if (document.querySelector("#search") === null) viewer.go({ page: "fleet", actor: null });
      requestAnimationFrame(() => document.querySelector<HTMLInputElement>("#search")?.focus());
    },
    g: () => viewer.go({ page: "fleet", actor: null }),
    t: () => viewer.go({ page: "time", actor: null }),
    m: () => viewer.go({ page: "machines", actor: null, machine: null }),
    v: () => viewer.go({ view: route.view === "tiles" ? "table" : "tiles" }),
    d: acts.theme,
    "?": acts.help,
    Escape: () => {
      if (route.page !== "fleet") viewer.go({ page: "fleet", actor: null });
      else viewer.go({ picked: [] });
    },
  };
  const act = keys[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
}
