import type { FileView } from "../../../src/executor/sandbox/file-view.ts";

/**
 * Files that exist in a test alone, one a word: `/w/file`, `/w/folder/`, `/w/link -> target`, `/w/.git = content`. The directories
 * above them are there too.
 */
export function memoryView(...words: readonly string[]): FileView {
  const links = new Map<string, string>();
  const contents = new Map<string, string>();
  const directories = new Set(["/"]);
  for (const word of words) {
    const [, path = "", sign, text = ""] = /^(\S+?)\/?(?: (->|=) (.*))?$/s.exec(word) ?? [];
    if (sign === "->") links.set(path, text);
    else if (word.endsWith("/")) directories.add(path);
    else contents.set(path, text);
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) directories.add(path.slice(0, at));
  }
  const all = [...links.keys(), ...contents.keys(), ...directories];
  return {
    kindOf: (path) => {
      if (links.has(path)) return "symlink";
      if (directories.has(path)) return "directory";
      return contents.has(path) ? "file" : "missing";
    },
    linkText: (path) => links.get(path) ?? "",
    namesIn: (directory) => {
      const prefix = directory === "/" ? "/" : `${directory}/`;
      const below = all.filter((path) => path.startsWith(prefix) && path !== prefix);
      return [...new Set(below.map((path) => path.slice(prefix.length).split("/")[0] ?? ""))];
    },
    canCreateIn: () => true,
    headOf: (file) => contents.get(file) ?? "",
  };
}
