import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative, sep } from "node:path";

/** One import of a source file. */
export interface Import {
  /** A file of the same tree, from its root with `/`; or the name of a package or Node module. */
  readonly target: string;
  readonly isFile: boolean;
  /** Only types: nothing of it is left when the program runs. */
  readonly isType: boolean;
  /** What stands between the braces, if anything does. */
  readonly names: readonly string[];
}

/** One source file, without its comments. */
export interface SourceFile {
  /** From the root of the tree, with `/`. */
  readonly path: string;
  readonly code: string;
  readonly imports: readonly Import[];
}

/** Reads every TypeScript file under a folder. */
export async function readSources(root: string): Promise<SourceFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"));
  return Promise.all(paths.toSorted().map(async (path) => sourceFile(path, await readFile(join(root, path), "utf8"))));
}

/** A source file of this text. */
export function sourceFile(path: string, text: string): SourceFile {
  const code = withoutComments(text);
  return { path, code, imports: importsOf(path, code) };
}

/** Circles among files, each as the way round; types count, since they tie two ideas together as well. */
export function circlesOf(files: readonly SourceFile[]): string[] {
  const targets = new Map(
    files.map(({ path, imports }) => [path, imports.filter(({ isFile }) => isFile).map(({ target }) => target)]),
  );
  const circles: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start >= 0) circles.push([...way.slice(start), path].join(" -> "));
    if (start >= 0 || finished.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...way, path]);
    finished.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return circles;
}

/** Strings are kept, comments go: an alternation that takes whichever begins first. */
function withoutComments(text: string): string {
  const parts = /(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replaceAll(parts, (part) => (part.startsWith("/") ? " " : part));
}

function importsOf(path: string, code: string): Import[] {
  const statements =
    /^\s*(?:import|export)(?<type>\s+type)?(?:\s+(?<what>[^"';]*?)\s*from)?\s*"(?<from>[^"]+)"|\bimport\(\s*"(?<dynamic>[^"]+)"\s*\)/gm;
  return [...code.matchAll(statements)].map(({ groups = {} }) => {
    const specifier = groups.from ?? groups.dynamic ?? "";
    const isFile = specifier.startsWith(".");
    const named = /\{(?<names>[^}]*)\}/.exec(groups.what ?? "")?.groups?.names?.split(",") ?? [];
    const names = named.map((name) => name.trim()).filter((name) => name !== "");
    return {
      target: isFile
        ? normalize(join(dirname(path), specifier))
            .split(sep)
            .join("/")
        : specifier,
      isFile,
      isType: groups.type !== undefined || (names.length > 0 && names.every((name) => name.startsWith("type "))),
      names,
    };
  });
}
