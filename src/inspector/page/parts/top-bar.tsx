import { useRef } from "preact/hooks";
import { count, moment } from "../history/figures.ts";
import { formatRecording } from "../history/recording.ts";
import { recordingSource } from "../sources/recording-source.ts";
import type { SourceState } from "../sources/source.ts";
import { download } from "./download.ts";
import { legible } from "./plain-text.tsx";
import { toggleTheme } from "./theme.ts";
import { useViewer } from "./use-viewer.ts";

/** Who is watched, where one can go, and whether all of it is true. */
export function TopBar({ onHelp }: { readonly onHelp: () => void }) {
  const viewer = useViewer();
  const { history, route, source } = viewer;
  const file = useRef<HTMLInputElement>(null);
  const page = (name: "fleet" | "time" | "machines", text: string) => (
    <a
      href={viewer.href({ page: name, actor: null, machine: null })}
      aria-current={route.page === name ? "page" : undefined}
    >
      {text}
    </a>
  );
  return (
    <header class="top">
      <h1>
        <a href={viewer.href({ page: "fleet", actor: null })}>proctor</a>
      </h1>
      <span class="title">{legible(history.header?.title ?? "", 200)}</span>
      <nav aria-label="Pages">
        {page("fleet", "Fleet")}
        {page("time", "Time")}
        {page("machines", "Machines")}
      </nav>
      <Badges />
      <span class="room" />
      <span class="amount">
        {count(viewer.scene.actors.length)} actors, {count(history.length)} records
      </span>
      <input
        ref={file}
        type="file"
        class="unseen"
        tabIndex={-1}
        aria-hidden="true"
        accept=".jsonl,.ndjson,.json,.txt"
        onChange={(event) => {
          const [chosen] = event.currentTarget.files ?? [];
          if (chosen !== undefined) viewer.open(recordingSource(chosen.name, () => chosen.text()));
          event.currentTarget.value = "";
        }}
      />
      <button type="button" onClick={() => file.current?.click()}>
        Open…
      </button>
      <button
        type="button"
        disabled={history.header === null}
        onClick={() => download("recording.jsonl", "application/jsonl", formatRecording(history))}
      >
        Save
      </button>
      <button type="button" class="icon" aria-label="Light or dark" title="Light or dark" onClick={toggleTheme}>
        <svg viewBox="0 0 12 12" width="12" height="12" fill="currentColor" aria-hidden="true">
          <path d="M6 .8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 6 .8zm0 1.3v7.8a3.9 3.9 0 0 1 0-7.8z" />
        </svg>
      </button>
      <button type="button" class="icon" aria-label="Keys" title="Keys (?)" onClick={onHelp}>
        ?
      </button>
      <LiveKey source={source} isNewest={route.at === null} go={() => viewer.go({ at: null })} />
    </header>
  );
}

/** What a person must know before believing the page. */
function Badges() {
  const { history, source, cursor } = useViewer();
  const dropped = history.skips.filter(({ order }) => order < cursor.position);
  const lost = dropped.reduce((sum, { transitions }) => sum + transitions, 0);
  const open = dropped.find(({ to }) => to === null);
  const divergences = history.divergences.filter(({ order }) => order < cursor.position).length;
  return (
    <span class="badges" role="status" aria-label="Condition">
      {source.kind === "failed" && <span class="badge failed">{source.reason}</span>}
      {source.kind === "recording" && <span class="badge">a recording{source.isCutOff ? ", cut off" : ""}</span>}
      {source.kind === "live" && source.isRecording && <span class="badge">recording</span>}
      {source.kind === "live" && source.connection === "retrying" && (
        <span class="badge failed">disconnected, retrying</span>
      )}
      {source.kind === "live" && source.connection === "opening" && <span class="badge">connecting</span>}
      {open !== undefined && <span class="badge attention">sampled since {moment(open.from)}</span>}
      {lost > 0 && <span class="badge attention">dropped {count(lost)}</span>}
      {divergences > 0 && <span class="badge failed">diverged</span>}
      {history.isCut && <span class="badge">begins at {moment(history.firstT)}</span>}
    </span>
  );
}

function LiveKey({
  source,
  isNewest,
  go,
}: {
  readonly source: SourceState;
  readonly isNewest: boolean;
  readonly go: () => void;
}) {
  const text = source.kind === "live" ? "LIVE" : "END";
  return (
    <button
      type="button"
      class={`live ${isNewest && source.kind === "live" ? "is-live" : ""}`}
      aria-pressed={isNewest}
      onClick={go}
    >
      {text}
    </button>
  );
}
