/** What happens to a fault inside Proctor when nobody asked to hear of it: it is a bug, so it must be seen. */
export function throwFault(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
