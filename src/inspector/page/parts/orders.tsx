import { useState } from "preact/hooks";
import type { ActorView } from "../history/track.ts";
import type { ControlOrder } from "../sources/source.ts";
import { legible } from "./plain-text.tsx";
import { useViewer } from "./use-viewer.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGKILL"];

/** Orders to a process that runs: each asks once more. There are none unless the server takes them, nor while the past is shown. */
export function Orders({ view }: { readonly view: ActorView }) {
  const viewer = useViewer();
  const [signal, setSignal] = useState("SIGTERM");
  const [asked, setAsked] = useState<ControlOrder | null>(null);
  if (!viewer.mayControl || view.machine !== "process" || view.tone === "over" || view.tone === "failed") return null;
  const { actor } = view;
  if (asked !== null) {
    return (
      <div class="orders" role="alertdialog" aria-label="Really?">
        <span>
          {asked.kind === "terminate" ? "End" : `Send ${asked.kind === "signal" ? asked.signal : ""} to`}{" "}
          {legible(view.name, 60)}?
        </span>
        <button
          type="button"
          class="danger"
          onClick={() => {
            setAsked(null);
            void viewer.order(asked);
          }}
        >
          Yes, {asked.kind === "terminate" ? "terminate" : "send"}
        </button>
        <button type="button" autofocus onClick={() => setAsked(null)}>
          No
        </button>
      </div>
    );
  }
  return (
    <div class="orders" role="group" aria-label="Orders">
      <button type="button" class="danger" onClick={() => setAsked({ kind: "terminate", actor })}>
        Terminate…
      </button>
      <select aria-label="Signal" value={signal} onChange={(event) => setSignal(event.currentTarget.value)}>
        {signals.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <button type="button" onClick={() => setAsked({ kind: "signal", actor, signal })}>
        Send…
      </button>
    </div>
  );
}
