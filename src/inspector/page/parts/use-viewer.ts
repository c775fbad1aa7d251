import { createContext } from "preact";
import { useContext, useEffect, useReducer } from "preact/hooks";
import type { Viewer } from "../viewer.ts";

export const ViewerContext = createContext<Viewer | null>(null);

/** The viewer of this page; the part is drawn again whenever it has something new. */
export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (viewer === null) throw new Error("there is no viewer around this part");
  const [, redraw] = useReducer((count: number, _: 0) => count + 1, 0);
  useEffect(() => viewer.subscribe(() => redraw(0)), [viewer]);
  return viewer;
}
