/** The variables of the executor's process at this moment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The first of these variables that is set to something. */
export function firstSet(variables: Variables, names: readonly string[]): { name: string; value: string } | null {
  for (const name of names) {
    const value = variables[name];
    if (value !== undefined && value !== "") return { name, value };
  }
  return null;
}
