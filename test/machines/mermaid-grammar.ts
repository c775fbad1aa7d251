/** Words that the lexer takes for the start of something else. */
const keywords = new Set([
  "state",
  "note",
  "class",
  "classdef",
  "default",
  "scale",
  "direction",
  "style",
  "click",
  "end",
]);

/** What stands between two braces, or at the top. */
interface Scope {
  readonly id: string;
  readonly parent: Scope | null;
  readonly states: Set<string>;
  readonly composites: Set<string>;
  readonly arrows: { readonly from: string; readonly to: string }[];
  isParallel: boolean;
}

/**
 * Reads the part of Mermaid's `stateDiagram-v2` grammar that our diagrams use, as strictly as its lexer does, and besides
 * what its renderer is known to fail on. Returns the faults that it finds.
 */
export function mermaidFaults(text: string): string[] {
  const faults: string[] = [];
  const [header, ...lines] = text.split("\n");
  if (header !== "stateDiagram-v2") faults.push(`the first line is ${JSON.stringify(header)}`);
  if (lines.pop() !== "") faults.push("the text does not end with a line break");

  const root = newScope("", null);
  const all = [root];
  const declared = new Set<string>();
  let scope = root;
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    const fault = (what: string): void => void faults.push(`line ${index + 2}: ${what}: ${line}`);
    const declare = (id: string): void => {
      if (declared.has(id) && !scope.states.has(id)) fault("the state is in two places");
      if (keywords.has(id.toLowerCase())) fault("a word of Mermaid's own as a name");
      declared.add(id);
      scope.states.add(id);
    };
    const arrow = /^(?<from>\[\*\]|\w+) --> (?<to>\[\*\]|\w+)(?:: (?<label>.+))?$/.exec(line)?.groups;
    const described = /^(?<id>\w+)(?:: (?<label>.+))?$/.exec(line)?.groups;
    const composite = /^state (?<id>\w+) \{$/.exec(line)?.groups;
    if (composite?.id !== undefined) {
      declare(composite.id);
      scope.composites.add(composite.id);
      scope = newScope(composite.id, scope);
      all.push(scope);
    } else if (line === "}") {
      if (scope.parent === null) fault("a brace too many");
      scope = scope.parent ?? root;
    } else if (line === "--") {
      if (scope.parent === null) fault("regions exist only within a composite");
      scope.isParallel = true;
    } else if (arrow?.from !== undefined && arrow.to !== undefined) {
      scope.arrows.push({ from: arrow.from, to: arrow.to });
      if (isBadLabel(arrow.label)) fault("a label that does not survive Mermaid's lexer");
    } else if (described?.id !== undefined) {
      declare(described.id);
      if (isBadLabel(described.label)) fault("a label that does not survive Mermaid's lexer");
    } else {
      fault("not a statement");
    }
  }
  if (scope !== root) faults.push("a brace is missing");
  return [...faults, ...all.flatMap(faultsOfScope)];
}

function newScope(id: string, parent: Scope | null): Scope {
  return { id, parent, states: new Set(), composites: new Set(), arrows: [], isParallel: false };
}

/** A colon, a semicolon or a line break ends a label; a hash, percent signs and braces can begin something else. */
function isBadLabel(label: string | undefined): boolean {
  if (label === undefined) return false;
  return /[:;#%{}"]/.test(label) || label.trim() !== label || /\bdirection\s+(?:TB|BT|LR|RL)\b/.test(label);
}

function faultsOfScope(scope: Scope): string[] {
  const faults: string[] = [];
  for (const { from, to } of scope.arrows) {
    for (const end of new Set([from, to])) {
      // Mermaid moves a state to wherever it is mentioned first or last, depending on its version.
      if (end !== "[*]" && !scope.states.has(end)) faults.push(`${scope.id}: ${end} is mentioned outside its place`);
      // mermaid#4052: fails with "Cannot set properties of undefined (setting 'rank')".
      if (isInRegion(scope) && scope.composites.has(end))
        faults.push(`${scope.id}: an arrow touches a composite, ${end}`);
    }
  }
  if (scope.isParallel && scope.arrows.length > 0) faults.push(`${scope.id}: an arrow between regions`);
  if (!scope.isParallel && !scope.arrows.some(({ from }) => from === "[*]"))
    faults.push(`${scope.id}: no initial state`);
  return faults;
}

function isInRegion({ parent }: Scope): boolean {
  return parent !== null && (parent.isParallel || isInRegion(parent));
}
