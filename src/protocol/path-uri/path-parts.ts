/**
 * A canonical path URI in its two parts. Invariants: every segment is canonically encoded ASCII, the first is not empty, and
 * a trailing slash is a last segment that is empty. The root is no segment at all.
 */
export interface PathParts {
  /** The canonical host, or empty. */
  readonly host: string;
  readonly segments: readonly string[];
}

/** The canonical spelling. */
export function spell({ host, segments }: PathParts): string {
  return `file://${host}/${segments.join("/")}`;
}

/** Whether a segment, as spelled, is a Windows drive: a letter and a colon. */
export function isDrive(segment: string): boolean {
  return /^[A-Za-z]:$/.test(segment);
}

/** A drive, or a letter and a bar, which some URI forms read as a drive (04 P-8, P-11). */
export function isDriveLike(segment: string): boolean {
  return /^[A-Za-z][:|]$/.test(segment);
}

/**
 * Spells a first segment so that it stays a name: a directory `C:` of a POSIX root would turn the URI into a Windows one
 * that its own host refuses, and below a host it would make the host vanish. An encoded colon is no drive (04 P-26).
 */
export function firstSegmentAsName(segment: string, host: string): string {
  const misread = host === "" ? isDrive(segment) : isDriveLike(segment);
  if (!misread) return segment;
  return segment.charAt(0) + (segment.endsWith(":") ? "%3A" : "%7C");
}

/**
 * Resolves the components of a path lexically: empty and `.` vanish, `..` takes the one before it, never above the start
 * (04 P-23). Symbolic links are not consulted.
 */
export function resolveComponents(components: Iterable<string>): string[] {
  const names: string[] = [];
  for (const component of components) {
    if (component === "" || component === ".") continue;
    if (component === "..") names.pop();
    else names.push(component);
  }
  return names;
}
