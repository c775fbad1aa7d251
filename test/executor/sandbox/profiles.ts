/** One entry with a symbol for its place. */
export const special = (kind: string, access: string) => ({ path: { type: "special", value: { kind } }, access });

/** One entry for a native path. */
export const at = (path: string, access: string) => ({ path: { type: "path", path: `file://${path}` }, access });

/** A context as it goes over the wire, with the network cut. */
export function sandboxOf(cwd: string | null, ...entries: readonly object[]) {
  return {
    permissions: { type: "managed", file_system: { type: "restricted", entries }, network: "restricted" },
    windowsSandboxLevel: "disabled",
    ...(cwd !== null && { cwd: `file://${cwd}` }),
  };
}

/** Everything readable, nothing writable. */
export const readOnly = sandboxOf(null, special("root", "read"));

/** Everything readable, one directory writable. */
export const workspace = (cwd: string, ...more: readonly object[]) =>
  sandboxOf(cwd, special("root", "read"), special("project_roots", "write"), ...more);
