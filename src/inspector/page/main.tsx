import { render } from "preact";
import { App } from "./parts/app.tsx";
import { restoreTheme } from "./parts/theme.ts";
import { openServed } from "./sources/served-source.ts";
import { Viewer } from "./viewer.ts";

restoreTheme();
const viewer = new Viewer();
render(<App viewer={viewer} />, document.body);
openServed(viewer);
