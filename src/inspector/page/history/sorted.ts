/** How many items at the start of a list, which is sorted by `keyOf`, have a key of at most `key`. */
export function countUpTo<Item>(items: readonly Item[], key: number, keyOf: (item: Item) => number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(items[middle] as Item) <= key)
      low = middle + 1; // middle < length
    else high = middle;
  }
  return low;
}

/** The last item whose key is at most `key`. */
export function lastUpTo<Item>(items: readonly Item[], key: number, keyOf: (item: Item) => number): Item | undefined {
  return items[countUpTo(items, key, keyOf) - 1];
}
