import { useViewer } from "./use-viewer.ts";

/** The statecharts as documentation. */
export function MachinesPage() {
  const viewer = useViewer();
  const names = Object.keys(viewer.history.header?.machines ?? {});
  return (
    <main class="machines" aria-label="Machines">
      <ul>
        {names.map((name) => (
          <li key={name}>
            <a href={viewer.href({ page: "machines", machine: name })}>{name}</a>
          </li>
        ))}
      </ul>
    </main>
  );
}
