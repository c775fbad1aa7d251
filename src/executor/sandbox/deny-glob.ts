import type { DenyGlob } from "../../ports/confinement.ts";
import { SandboxRefusedError } from "../../ports/process-host.ts";
import type { FileView } from "./file-view.ts";
import { childOf } from "./path-text.ts";

/** More matches than this are refused: each is a mount (05 SB-G3). */
const mostMatches = 8_192;

/** One component of a pattern: a name, any number of directories, or what a name must look like. */
type Part = { readonly literal: string } | "anyDepth" | { readonly shape: RegExp };

/**
 * What a pattern matches now, directories too: hidden and ignored files included, directories behind links not entered, in no
 * particular order (05 SB-G1 to SB-G5). What is created later is not covered.
 * @throws SandboxRefusedError where the search would begin in `/`, or finds too much
 */
export function denyMatches(glob: DenyGlob, maxDepth: number | null, view: FileView): string[] {
  const parts = partsOf(glob);
  const firstShape = parts.findIndex((part) => part === "anyDepth" || "shape" in part);
  const searched = firstShape < 0 ? parts.slice(-1) : parts.slice(firstShape);
  const start = parts
    .slice(0, parts.length - searched.length)
    .reduce((path, part) => (typeof part === "object" && "literal" in part ? childOf(path, part.literal) : path), "/");
  if (start === "/" && firstShape >= 0) {
    throw new SandboxRefusedError(`deny pattern \`${glob.pattern}\` would have to search the whole file system`);
  }
  const found = new Set<string>();
  search(start, [searched], 1);
  return [...found];

  function search(directory: string, open: readonly (readonly Part[])[], depth: number): void {
    for (const name of view.namesIn(directory)) {
      const path = childOf(directory, name);
      const next = open.flatMap((rest) => advance(rest, name));
      if (next.length === 0) continue;
      if (next.some(isOver)) {
        found.add(path);
        if (found.size > mostMatches) {
          throw new SandboxRefusedError(`deny pattern \`${glob.pattern}\` matches more than ${mostMatches} files`);
        }
        continue; // a denied directory hides what is in it
      }
      const mayGoDown = maxDepth === null || depth < maxDepth;
      if (mayGoDown && view.kindOf(path) === "directory") search(path, next, depth + 1);
    }
  }
}

/** What is left to be matched below an entry called `name`; nothing: it cannot lead to a match. */
function advance(rest: readonly Part[], name: string): (readonly Part[])[] {
  const [part, ...more] = rest;
  if (part === undefined) return [];
  if (part === "anyDepth") {
    // Either it stands for this directory too, or it stood for none. At the end it stands for everything.
    return more.length === 0 ? [[]] : [rest, ...advance(more, name)];
  }
  const fits = "literal" in part ? part.literal === name : part.shape.test(name);
  return fits ? [more] : [];
}

function isOver(rest: readonly Part[]): boolean {
  return rest.length === 0;
}

function partsOf({ base, pattern }: DenyGlob): Part[] {
  const parts: Part[] = base
    .split("/")
    .filter(isName)
    .map((literal) => ({ literal }));
  for (const name of pattern.split("/").filter(isName)) {
    if (name === "..") parts.pop();
    else if (name === "**") parts.push("anyDepth");
    else parts.push(/[*?[]/.test(name) ? { shape: shapeOf(name) } : { literal: name });
  }
  return parts;
}

function isName(name: string): boolean {
  return name !== "" && name !== ".";
}

/** 05 SB-G1. */
function shapeOf(name: string): RegExp {
  let source = "";
  for (let at = 0; at < name.length; at++) {
    const character = name[at] ?? "";
    const set = character === "[" ? /^\[(!?)(\]?[^\]]*)\]/.exec(name.slice(at)) : null;
    if (set !== null) {
      const [whole, negation = "", members = ""] = set;
      source += `[${negation === "" ? "" : "^"}${members.replace(/[\\\]^[]/g, "\\$&")}]`;
      at += whole.length - 1;
    } else if (character === "*") source += ".*";
    else if (character === "?") source += ".";
    else source += character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  }
  try {
    return new RegExp(`^${source}$`, "su");
  } catch (cause) {
    throw new SandboxRefusedError(`deny pattern part \`${name}\` cannot be read`, { cause });
  }
}
