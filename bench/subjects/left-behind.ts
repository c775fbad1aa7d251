import { descendants, killNow } from "../../test/conformance/peer/process-tree.ts";

/** Programs that were started and have not been ended. */
const alive = new Set<number>();

/** Counts a program as running, until the returned function is called; whatever still runs at our end is ended with us. */
export function endWithUs(pid: number): () => void {
  alive.add(pid);
  return () => void alive.delete(pid);
}

process.on("exit", () => {
  for (const pid of alive) for (const one of [...descendants(pid), pid]) killNow(one);
});
