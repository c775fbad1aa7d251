/** Is `path` the place `ancestor` or below it? Both folded, absolute and of this host (05 SB-B9). */
export function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || isBelow(path, ancestor);
}

/** Is `path` below `ancestor`, and not the same? */
export function isBelow(path: string, ancestor: string): boolean {
  return ancestor === "/" ? path.length > 1 : path.startsWith(`${ancestor}/`);
}

/** How many components a path has; `/` has one (05 SB-A2). */
export function depthOf(path: string): number {
  return path === "/" ? 1 : path.split("/").length;
}

/** The directory that a path is in; of `/`, itself. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The entry `name` of a directory. */
export function childOf(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/** The directories strictly between `top` and `path`, from the top down. */
export function between(top: string, path: string): string[] {
  const found: string[] = [];
  for (let at = parentOf(path); isBelow(at, top); at = parentOf(at)) found.unshift(at);
  return found;
}
