import { useEffect, useRef, useState } from "preact/hooks";
import { recordingSource } from "../sources/recording-source.ts";
import type { Viewer } from "../viewer.ts";
import { ActorPage } from "./actor-page.tsx";
import { Fleet } from "./fleet.tsx";
import { keyTable, pressKey } from "./keys.ts";
import { MachinesPage } from "./machines-page.tsx";
import { toggleTheme } from "./theme.ts";
import { TimePage } from "./time-page.tsx";
import { TimeStrip } from "./time-strip.tsx";
import { TopBar } from "./top-bar.tsx";
import { useViewer, ViewerContext } from "./use-viewer.ts";

/** The whole page. */
export function App({ viewer }: { readonly viewer: Viewer }) {
  const help = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) =>
      pressKey(event, viewer, { help: () => help.current?.showModal(), theme: toggleTheme });
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [viewer]);
  return (
    <ViewerContext.Provider value={viewer}>
      <TopBar onHelp={() => help.current?.showModal()} />
      <Notice />
      <Page />
      <TimeStrip />
      <DropPlace viewer={viewer} />
      <dialog ref={help} aria-label="Keys">
        <h2>Keys</h2>
        <dl>
          {keyTable.map(([keys, what]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <button type="button" onClick={() => help.current?.close()}>
          Close
        </button>
      </dialog>
    </ViewerContext.Provider>
  );
}

function Page() {
  const { route } = useViewer();
  switch (route.page) {
    case "fleet":
      return <Fleet />;
    case "actor":
      return <ActorPage actor={route.actor ?? 0} />;
    case "time":
      return <TimePage />;
    case "machines":
      return <MachinesPage />;
  }
}

function Notice() {
  const viewer = useViewer();
  if (viewer.notice === null) return null;
  return (
    <div class="notice" role="alert">
      {viewer.notice}
      <button type="button" class="icon" aria-label="Put away" onClick={() => viewer.say(null)}>
        ×
      </button>
    </div>
  );
}

/** A recording that is dropped anywhere on the page is opened. */
function DropPlace({ viewer }: { readonly viewer: Viewer }) {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      const file = event.dataTransfer?.files[0];
      setOver(false);
      if (file === undefined) return;
      event.preventDefault();
      viewer.open(recordingSource(file.name, () => file.text()));
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [viewer]);
  return isOver ? <div class="drop">Drop the recording to open it</div> : null;
}
