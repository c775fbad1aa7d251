import { type MachineName, machines, toJson, toMermaid } from "../machines/index.ts";
import { parseOptions, UsageError } from "./parse-options.ts";

const names = Object.keys(machines) as MachineName[]; // `keys` of a closed record

/** `proctor chart`: the statecharts as they run. */
export async function chartCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions({
    args: [...args],
    options: { format: { type: "string", default: "mermaid" } },
    allowPositionals: true,
  });
  const [name, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError("one machine at a time, or none for all of them");
  if (name !== undefined && !isMachine(name)) {
    throw new UsageError(`no machine is called \`${name}\`; there are ${names.join(", ")}`);
  }
  process.stdout.write(draw(values.format, name));
  return 0;
}

function draw(format: string, name: MachineName | undefined): string {
  switch (format) {
    case "mermaid":
      return name === undefined ? names.map(section).join("\n") : toMermaid(machines[name]);
    case "json": {
      const all = () => Object.fromEntries(names.map((each) => [each, toJson(machines[each])]));
      return `${JSON.stringify(name === undefined ? all() : toJson(machines[name]), null, 2)}\n`;
    }
    default:
      throw new UsageError(`--format is mermaid or json, not \`${format}\``);
  }
}

/** Of a Markdown page that shows the charts wherever Mermaid is understood. */
function section(name: MachineName): string {
  return `## ${name}\n\n\`\`\`mermaid\n${toMermaid(machines[name])}\`\`\`\n`;
}

function isMachine(name: string): name is MachineName {
  return Object.hasOwn(machines, name);
}
