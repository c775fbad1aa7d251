import type { Json } from "../../records.ts";
import { diffJson } from "../history/diff-json.ts";
import { JsonTree } from "./json-tree.tsx";
import { legible } from "./plain-text.tsx";

/** What a machine remembers, and what the newest event changed of it. */
export function ContextView({
  context,
  before,
  isRebuilt,
}: {
  readonly context: Json;
  readonly before: Json | null;
  readonly isRebuilt: boolean;
}) {
  const changes = before === null ? [] : diffJson(before, context);
  return (
    <section class="panel context" aria-label="Context">
      <header>
        <h2>Context</h2>
        {!isRebuilt && <span class="badge">as it was last recorded</span>}
      </header>
      {changes.length > 0 && (
        <ul class="changes" aria-label="Changed by the newest event">
          {changes.map(({ path, before: was, after }) => (
            <li key={path}>
              <span class="json-name">{legible(path, 80)}</span>{" "}
              <del>{was === undefined ? "nothing" : legible(JSON.stringify(was), 60)}</del>{" "}
              <ins>{after === undefined ? "nothing" : legible(JSON.stringify(after), 60)}</ins>
            </li>
          ))}
        </ul>
      )}
      <JsonTree value={context} changed={new Set(changes.map(({ path }) => path))} />
    </section>
  );
}
