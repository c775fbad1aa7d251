import type { ITheme, Terminal } from "@xterm/xterm";
import { useEffect, useRef, useState } from "preact/hooks";
import type { OutputRecord } from "../../records.ts";
import { bytes } from "../history/figures.ts";
import { countUpTo } from "../history/sorted.ts";
import type { ActorView, Track } from "../history/track.ts";
import { TerminalStyles } from "./terminal-styles.ts";
import { isDark, readPalette } from "./theme.ts";
import { useViewer } from "./use-viewer.ts";

/** More than this is not played into the terminal: its newest part is. */
const mostPlayed = 2 * 1024 * 1024;

/** What a process had printed by the moment that is shown, on a terminal. */
export function OutputTerminal({ track, view }: { readonly track: Track; readonly view: ActorView }) {
  const viewer = useViewer();
  const { cursor } = viewer;
  const screen = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal | null>(null);
  /** The last piece that the terminal was given. */
  const played = useRef<OutputRecord | null>(null);
  const [isReady, setReady] = useState(false);
  const isPty = track.outputs[0]?.stream === "pty";
  const printed = track.outputs.slice(
    0,
    countUpTo(track.outputs, cursor.t, ({ t }) => t),
  );
  const hasOutput = track.outputs.length > 0;
  const mayType = viewer.mayControl && view.tone === "active" && view.facts.stdin !== "none";

  useEffect(() => viewer.follow(view.actor), [viewer, view.actor, viewer.source.kind]);

  useEffect(() => {
    if (!hasOutput || screen.current === null) return;
    const element = screen.current;
    let isOver = false;
    let end = () => {
      isOver = true;
    };
    const open = async () => {
      const { Terminal } = await import("@xterm/xterm");
      if (isOver) return;
      const styles = new TerminalStyles();
      const made = new Terminal({
        documentOverride: styles.document,
        convertEol: !isPty,
        disableStdin: true,
        screenReaderMode: true,
        scrollback: 5_000,
        rows: 24,
        cols: isPty ? 80 : Math.max(40, Math.floor(element.clientWidth / 7.3)),
        fontSize: 12,
        fontFamily: "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
        theme: themeNow(),
      });
      styles.during(() => made.open(element));
      terminal.current = made;
      played.current = null;
      setReady(true);
      const repaint = () => {
        made.options.theme = themeNow();
      };
      addEventListener("proctor-theme", repaint);
      end = () => {
        removeEventListener("proctor-theme", repaint);
        terminal.current = null;
        made.dispose();
        styles[Symbol.dispose]();
      };
    };
    open().catch((error: unknown) => viewer.say(`the terminal could not be opened: ${String(error)}`));
    return () => {
      setReady(false);
      end();
    };
  }, [hasOutput, isPty, viewer]);

  useEffect(() => {
    const made = terminal.current;
    if (!isReady || made === null) return;
    played.current = play(made, printed, played.current);
  }, [isReady, printed.at(-1), printed.length]);

  useEffect(() => {
    const made = terminal.current;
    if (!isReady || made === null) return;
    made.options.disableStdin = !mayType;
    // Tab leads on, unless a program on a terminal may want it; then Shift + Tab does.
    made.attachCustomKeyEventHandler(({ key, shiftKey }) => key !== "Tab" || (mayType && isPty && !shiftKey));
    if (!mayType) return;
    const typing = made.onData((typed) => {
      // A pipe knows no return key, and nobody echoes what goes into it.
      const text = isPty ? typed : typed.replaceAll("\r", "\n");
      if (!isPty) made.write(`\u001b[2m${text}\u001b[22m`);
      void viewer.order({ kind: "stdin", actor: view.actor, base64: toBase64(text) });
    });
    return () => typing.dispose();
  }, [isReady, mayType, isPty, viewer, view.actor]);

  const size = printed.reduce((sum, { base64 }) => sum + base64.length, 0) * 0.75;
  return (
    <section class="panel output" aria-label="Output">
      <header>
        <h2>
          Output <span class="number">{bytes(size)}</span>
        </h2>
        {track.isOutputCut && <span class="badge attention">the oldest is not kept</span>}
        {mayType && <span class="badge">what you type goes to its stdin</span>}
      </header>
      {printed.length === 0 && <p class="nothing">It has printed nothing by then that is known here.</p>}
      <div class="screen" ref={screen} />
    </section>
  );
}

/** Of the sixteen colours, those that cannot be read on a light paper are darker there. */
function themeNow(): ITheme {
  const { ink, paper } = readPalette();
  const base = { background: paper, foreground: ink, cursor: ink, selectionBackground: "#7aa2ff55" };
  if (isDark()) return base;
  return {
    ...base,
    green: "#1a7a3c",
    brightGreen: "#1a7a3c",
    yellow: "#8a5600",
    brightYellow: "#8a5600",
    cyan: "#0b6b78",
    brightCyan: "#0b6b78",
    white: "#5b656f",
    brightWhite: "#1d2329",
  };
}

/** Brings the terminal to what had been printed, from the last piece that it was given, or anew when time went back. */
function play(terminal: Terminal, printed: readonly OutputRecord[], last: OutputRecord | null): OutputRecord | null {
  const known = last === null ? -1 : printed.lastIndexOf(last);
  let start = known + 1;
  if (known < 0) {
    terminal.reset();
    start = printed.length;
    for (let size = 0; start > 0 && size < mostPlayed; start -= 1) size += printed[start - 1]?.base64.length ?? 0;
  }
  for (const { base64 } of printed.slice(start)) terminal.write(fromBase64(base64));
  return printed.at(-1) ?? null;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
