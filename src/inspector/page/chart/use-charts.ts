import { useEffect, useState } from "preact/hooks";
import { useViewer } from "../parts/use-viewer.ts";

type Charts = typeof import("./actor-replay.ts");

let loaded: Charts | null = null;

/** The machines and their drawings, which are loaded when the first chart is shown; `null` until then. */
export function useCharts(): Charts | null {
  const viewer = useViewer();
  const [charts, setCharts] = useState(loaded);
  useEffect(() => {
    if (charts !== null) return;
    import("./actor-replay.ts").then(
      (module) => {
        loaded = module;
        setCharts(module);
      },
      (error: unknown) => viewer.say(`the charts could not be loaded: ${String(error)}`),
    );
  }, [charts, viewer]);
  return charts;
}
