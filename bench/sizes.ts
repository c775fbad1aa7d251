/** What one run of one subject showed, by the name of the measure. */
export type Values = Readonly<Record<string, number>>;

/** How much of everything: 1 in a real run, less where only the harness is tried. */
export interface Sizes {
  readonly scale: number;
}

/** A count or an amount at the scale of this run; at least `least`. */
export function scaled(amount: number, { scale }: Sizes, least = 1): number {
  return Math.max(least, Math.round(amount * scale));
}
