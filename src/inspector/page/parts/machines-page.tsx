import { ChartView } from "../chart/chart-view.tsx";
import { useCharts } from "../chart/use-charts.ts";
import { useViewer } from "./use-viewer.ts";

/** The statecharts as documentation. */
export function MachinesPage() {
  const viewer = useViewer();
  const charts = useCharts();
  const names = charts?.machineNames ?? [];
  const chosen = names.find((name) => name === viewer.route.machine) ?? names[0];
  const observed = chosen === undefined ? null : charts?.observedMachine(chosen);
  return (
    <main class="machines" aria-label="Machines">
      <nav aria-label="Statecharts">
        {names.map((name) => (
          <a
            key={name}
            href={viewer.href({ page: "machines", machine: name })}
            aria-current={name === chosen ? "page" : undefined}
          >
            {name}
          </a>
        ))}
      </nav>
      {charts !== null && chosen !== undefined && (
        <section class="panel" aria-label={chosen}>
          <ChartView key={chosen} drawing={charts.chartOf(chosen)} />
        </section>
      )}
      {charts !== null && observed !== undefined && observed !== null && (
        <section class="panel" aria-label="Transitions">
          <header>
            <h2>Transitions</h2>
          </header>
          <ul class="transitions">
            {observed.edges.map(({ id, source, targets, label }) => (
              <li key={id}>
                <span>{short(source)}</span> <code>{label}</code>{" "}
                <span class="soft">{targets.length === 0 ? "stays" : `→ ${targets.map(short).join(", ")}`}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </main>
  );
}

function short(state: string): string {
  return state.split(".").slice(1).join(".") || state;
}
