import { render } from "preact";
import { systemClock } from "../../ports/clock.ts";
import { App } from "./parts/app.tsx";
import { restoreTheme } from "./parts/theme.ts";
import { servedSource } from "./sources/served-source.ts";
import { Viewer } from "./viewer.ts";

restoreTheme();
const viewer = new Viewer(systemClock);
render(<App viewer={viewer} />, document.body);
servedSource(systemClock).then(
  (source) => viewer.open(source),
  (error: unknown) => viewer.fail(error instanceof Error ? error.message : String(error)),
);
