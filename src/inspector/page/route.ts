/** A moment that somebody chose: the first `nth` records of that very time, or all of them. */
export interface ChosenMoment {
  readonly t: number;
  readonly nth: number | null;
}

/** What is on the page: everything of it is in the address, so that a view can be passed on. */
export interface Route {
  readonly page: "fleet" | "actor" | "time" | "machines";
  /** The actor of the page `actor`. */
  readonly actor: number | null;
  /** The machine of the page `machines`; the first one, if absent. */
  readonly machine: string | null;
  /** `null`: the newest moment, and on with it. */
  readonly at: ChosenMoment | null;
  readonly filter: string;
  readonly view: "tiles" | "table";
  readonly group: "owner" | "machine" | "state";
  /** A column of the table, with `-` before it from the largest down. */
  readonly sort: string;
  /** The actors that were picked, the newest last. */
  readonly picked: readonly number[];
  /** Which events of an actor are shown. */
  readonly events: string;
  /** Are quiet events shown one by one? */
  readonly quiet: boolean;
}

const home: Route = {
  page: "fleet",
  actor: null,
  machine: null,
  at: null,
  filter: "",
  view: "tiles",
  group: "owner",
  sort: "name",
  picked: [],
  events: "",
  quiet: false,
};

/** Reads the part of the address behind `#`. What it does not know it leaves out. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const [page = "", rest = ""] = path.split("/").filter((part) => part !== "");
  const params = new URLSearchParams(query);
  const known = { ...home, ...pageOf(page, decode(rest)) };
  const at = /^(-?\d+(?:\.\d+)?)(?::(\d+))?$/.exec(params.get("at") ?? "");
  return {
    ...known,
    at: at === null ? null : { t: Number(at[1]), nth: at[2] === undefined ? null : Number(at[2]) },
    filter: params.get("filter") ?? "",
    view: params.get("view") === "table" ? "table" : "tiles",
    group: oneOf(["owner", "machine", "state"], params.get("group")),
    sort: params.get("sort") ?? home.sort,
    picked: (params.get("picked") ?? "")
      .split(",")
      .map(Number)
      .filter((actor) => Number.isInteger(actor) && actor > 0),
    events: params.get("events") ?? "",
    quiet: params.get("quiet") === "all",
  };
}

/** The part of the address for a route, with `#`; what is as usual is left out. */
export function formatRoute(route: Route): string {
  const params = new URLSearchParams();
  if (route.at !== null) params.set("at", `${route.at.t}${route.at.nth === null ? "" : `:${route.at.nth}`}`);
  if (route.filter !== "") params.set("filter", route.filter);
  if (route.view !== home.view) params.set("view", route.view);
  if (route.group !== home.group) params.set("group", route.group);
  if (route.sort !== home.sort) params.set("sort", route.sort);
  if (route.picked.length > 0) params.set("picked", route.picked.join(","));
  if (route.events !== "") params.set("events", route.events);
  if (route.quiet) params.set("quiet", "all");
  const query = params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return `#${pathOf(route)}${query === "" ? "" : `?${query}`}`;
}

function pathOf({ page, actor, machine }: Route): string {
  if (page === "fleet") return "/";
  if (page === "actor") return `/actor/${actor ?? ""}`;
  if (page === "machines" && machine !== null) return `/machines/${encodeURIComponent(machine)}`;
  return `/${page}`;
}

function pageOf(page: string, rest: string): Partial<Route> {
  switch (page) {
    case "actor":
      return /^\d+$/.test(rest) ? { page, actor: Number(rest) } : {};
    case "machines":
      return { page, machine: rest === "" ? null : rest };
    case "time":
      return { page };
    default:
      return {};
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

function oneOf<Name extends string>(names: readonly [Name, ...Name[]], value: string | null): Name {
  return names.find((name) => name === value) ?? names[0];
}
