import type { Json } from "../../records.ts";
import { legible, PlainText } from "./plain-text.tsx";

/** A value as a tree that can be folded; members at the given paths are marked as changed. */
export function JsonTree({
  value,
  changed,
  path = "",
}: {
  readonly value: Json;
  readonly changed: ReadonlySet<string>;
  readonly path?: string;
}) {
  if (typeof value !== "object" || value === null) return <Leaf value={value} />;
  const entries = Object.entries(value);
  if (entries.length === 0) return <span class="soft">{Array.isArray(value) ? "[]" : "{}"}</span>;
  return (
    <ul class="json">
      {entries.map(([name, inner]) => {
        const at = path === "" ? name : `${path}.${name}`;
        const isLeaf = typeof inner !== "object" || inner === null || Object.keys(inner).length === 0;
        const mark = changed.has(at) ? "differs" : "";
        if (isLeaf) {
          return (
            <li key={name} class={mark}>
              <span class="json-name">{legible(name, 80)}</span> <JsonTree value={inner} changed={changed} path={at} />
            </li>
          );
        }
        return (
          <li key={name} class={mark}>
            <details open={path === ""}>
              <summary>
                <span class="json-name">{legible(name, 80)}</span> <span class="soft">{Object.keys(inner).length}</span>
              </summary>
              <JsonTree value={inner} changed={changed} path={at} />
            </details>
          </li>
        );
      })}
    </ul>
  );
}

function Leaf({ value }: { readonly value: string | number | boolean | null }) {
  const text = typeof value === "string" ? value : String(value);
  return (
    <code class={`json-${value === null ? "null" : typeof value}`}>
      <PlainText text={text} />
    </code>
  );
}
