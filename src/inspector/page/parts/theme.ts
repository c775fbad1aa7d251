import type { Tone } from "../history/state-name.ts";

const key = "proctor-theme";

/** Turns the light on or off, and remembers it in this browser. */
export function toggleTheme(): void {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(key, theme);
  dispatchEvent(new Event("proctor-theme"));
}

/** Puts the page in the light that was chosen; the system's, if none was. */
export function restoreTheme(): void {
  const theme = localStorage.getItem(key);
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    dispatchEvent(new Event("proctor-theme")),
  );
}

export function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
}

/** The colours of the style sheet, for what is drawn on a canvas. */
export interface Palette {
  readonly paper: string;
  readonly line: string;
  readonly ink: string;
  readonly soft: string;
  readonly accent: string;
  readonly tones: Readonly<Record<Tone, string>>;
}

/** Reads the palette as it is now. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    paper: read("paper"),
    line: read("line"),
    ink: read("ink"),
    soft: read("soft"),
    accent: read("accent"),
    tones: {
      beginning: read("beginning"),
      active: read("active"),
      attention: read("attention"),
      over: read("over"),
      failed: read("failed"),
    },
  };
}
