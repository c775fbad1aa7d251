import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { circlesOf, readSources, type SourceFile, sourceFile } from "./import-graph.ts";

interface Layer {
  /** Layers that this one may import from, besides itself. */
  readonly below: readonly string[];
  /** Packages and Node modules that it may import; any, if absent. */
  readonly packages?: readonly string[];
  /** It may take only types from the layers below. */
  readonly typesOnly?: true;
}

/** The house, from the ground up: a layer is a folder of `src`, or a file that stands there alone. */
const layers: Readonly<Record<string, Layer>> = {
  protocol: { below: [], packages: ["zod"] },
  ports: { below: ["protocol"] },
  machines: { below: ["ports", "protocol"], packages: ["xstate"], typesOnly: true },
  transports: { below: ["ports", "protocol"] },
  actors: { below: ["machines", "transports", "ports", "protocol"] },
  telemetry: { below: ["actors", "ports", "protocol"], packages: ["@opentelemetry/api", "node:module", "rxjs"] },
  client: { below: ["telemetry", "actors", "machines", "transports", "ports", "protocol"] },
  executor: { below: ["telemetry", "actors", "machines", "transports", "ports", "protocol"] },
  inspector: { below: ["actors", "machines", "transports", "ports", "protocol"] },
  mcp: {
    below: ["client", "actors", "machines", "transports", "ports", "protocol"],
    packages: ["rxjs", "xstate", "zod"],
  },
  "inspection.ts": { below: ["inspector", "ports"] },
  "serve.ts": { below: ["inspection.ts", "executor", "inspector"] },
  "connect.ts": { below: ["inspection.ts", "client", "inspector"] },
  "local-environment.ts": {
    below: [
      "connect.ts",
      "inspection.ts",
      "client",
      "executor",
      "inspector",
      "telemetry",
      "actors",
      "machines",
      "transports",
      "ports",
      "protocol",
    ],
  },
  "open-environments.ts": { below: ["local-environment.ts", "inspection.ts", "client", "inspector"] },
  "index.ts": {
    below: [
      "open-environments.ts",
      "local-environment.ts",
      "connect.ts",
      "serve.ts",
      "client",
      "executor",
      "inspector",
      "telemetry",
      "actors",
      "machines",
      "transports",
      "ports",
      "protocol",
    ],
  },
  cli: {
    below: [
      "index.ts",
      "open-environments.ts",
      "local-environment.ts",
      "connect.ts",
      "serve.ts",
      "client",
      "executor",
      "inspector",
      "telemetry",
      "actors",
      "machines",
      "transports",
      "ports",
      "protocol",
    ],
  },
};
/** The only places where the two sides of the wire meet. */
const meetingPlaces = ["index.ts", "local-environment.ts"];

/** The page runs in a browser: what of our own house it may use beside itself, and which packages. */
const page = {
  folder: "inspector/page/",
  files: [
    /^machines\//,
    /^ports\/clock\.ts$/,
    /^inspector\/(?:records|feed-decoder|feed-format|machine-hash)\.ts$/,
    /^inspector\/(?:chart|replay)\//,
  ],
  packages: ["preact", "preact/hooks", "xstate", "@xterm/xterm"],
};

/** What makes two runs differ, and may be touched in `ports` alone. */
const timeAndChance: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bperformance\.now\b/,
  /(?<![.\w#])(?:set|clear)(?:Timeout|Interval)\b/,
  /\bAbortSignal\.timeout\b/,
  /\bMath\.random\b/,
  /(?<![.\w#])crypto\./,
];
const timeAndChanceModules = /^(?:node:)?timers(?:\/promises)?$/;
/** What a file may take from `node:crypto`: these give the same for the same. */
const steadyCrypto = ["createHash", "createHmac", "timingSafeEqual"];

const sources = await readSources(fileURLToPath(new URL("../src", import.meta.url)));

function layerOf(path: string): string {
  return path.split("/")[0] ?? path;
}

/** Imports that go up or sideways, of packages a layer must not know, or of more than types where types must do. */
function wrongArrows(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, imports }) => {
    const layer = layers[layerOf(path)];
    if (layer === undefined) return [`${path} is in no layer`];
    return imports.flatMap(({ target, isFile, isType }) => {
      const arrow = `${path} -> ${target}`;
      if (!isFile) return layer.packages?.includes(target) === false ? [arrow] : [];
      if (layerOf(target) === layerOf(path)) return [];
      if (!layer.below.includes(layerOf(target))) return [arrow];
      return layer.typesOnly === true && !isType ? [`${arrow} (more than types)`] : [];
    });
  });
}

/** Files that see both sides of the wire and must not. */
function secretMeetings(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !meetingPlaces.includes(path))
    .filter(({ path, imports }) => {
      const seen = new Set([path, ...imports.filter(({ isFile }) => isFile).map(({ target }) => target)].map(layerOf));
      return seen.has("client") && seen.has("executor");
    })
    .map(({ path }) => path);
}

/** Places outside the ports that read a clock, set a timer or throw dice. */
function unportedChance(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => layerOf(path) !== "ports")
    .flatMap(({ path, code, imports }) => [
      ...timeAndChance.flatMap((pattern) => code.match(pattern) ?? []).map((found) => `${path}: ${found}`),
      ...imports
        .filter(
          ({ target, names }) =>
            timeAndChanceModules.test(target) ||
            (/^(?:node:)?crypto$/.test(target) &&
              (names.length === 0 || names.some((name) => !steadyCrypto.includes(name)))),
        )
        .map(({ target, names }) => `${path}: ${target} { ${names.join(", ")} }`),
    ]);
}

/** What the page takes in that is not for a browser. */
function strangersOfThePage(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith(page.folder))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ target, isFile }) =>
          isFile
            ? !target.startsWith(page.folder) && !page.files.some((pattern) => pattern.test(target))
            : !page.packages.includes(target),
        )
        .map(({ target }) => `${path} -> ${target}`),
    );
}

it("has no circle of imports", () => {
  expect(circlesOf(sources)).toEqual([]);
});

it("imports downward only, and keeps Node and the wire out of machines and protocol", () => {
  expect(wrongArrows(sources)).toEqual([]);
});

it("lets client and executor meet nowhere but in index.ts and local-environment.ts", () => {
  expect(secretMeetings(sources)).toEqual([]);
});

it("keeps Node and the rest of the house out of the page", () => {
  expect(strangersOfThePage(sources)).toEqual([]);
  expect(sources.some(({ path }) => path === "inspector/page/main.tsx")).toBe(true);
});

it("touches time and chance in the ports alone", () => {
  expect(unportedChance(sources)).toEqual([]);
});

it("has read the sources: every import of a file leads to one, and known ones are there", () => {
  const paths = new Set(sources.map(({ path }) => path));
  const files = sources.flatMap(({ imports }) => imports.filter(({ isFile }) => isFile));
  expect(files.filter(({ target }) => !paths.has(target))).toEqual([]);
  const actor = sources.find(({ path }) => path === "actors/session-actor.ts");
  expect(actor?.imports).toContainEqual({
    target: "machines/session-machine.ts",
    isFile: true,
    isType: false,
    names: ["sessionMachine"],
  });
});

it("sees wrong imports when there are some", () => {
  const files = [
    sourceFile("protocol/a.ts", 'import { readFile } from "node:fs";\nimport {\n  b,\n} from "../machines/b.ts";'),
    sourceFile("machines/b.ts", 'import { x } from "../protocol/x.ts"; // import "ws"\nimport "execa";'),
    sourceFile("machines/c.ts", 'import type { X } from "../protocol/x.ts";\nimport { type Y } from "../ports/y.ts";'),
    sourceFile("client/d.ts", 'export * from "../executor/e.ts";'),
    sourceFile("cli/f.ts", 'import { d } from "../client/d.ts";\nconst e = await import("../executor/e.ts");'),
    sourceFile("utils/g.ts", ""),
  ];
  expect(wrongArrows(files)).toEqual([
    "protocol/a.ts -> node:fs",
    "protocol/a.ts -> machines/b.ts",
    "machines/b.ts -> protocol/x.ts (more than types)",
    "machines/b.ts -> execa",
    "client/d.ts -> executor/e.ts",
    "utils/g.ts is in no layer",
  ]);
  expect(secretMeetings(files)).toEqual(["client/d.ts", "cli/f.ts"]);
});

it("sees what does not belong into the page when there is some", () => {
  const files = [
    sourceFile(
      "inspector/page/a.tsx",
      'import { readFile } from "node:fs";\nimport { machines } from "../../machines/index.ts";\nimport { Hub } from "../hub.ts";',
    ),
  ];
  expect(strangersOfThePage(files)).toEqual([
    "inspector/page/a.tsx -> node:fs",
    "inspector/page/a.tsx -> inspector/hub.ts",
  ]);
});

it("sees circles when there are some", () => {
  const files = [
    sourceFile("a.ts", 'import type { B } from "./b.ts";'),
    sourceFile("b.ts", 'import { c } from "./c.ts";\nimport { d } from "./d.ts";'),
    sourceFile("c.ts", 'import { d } from "./d.ts";\nexport { a } from "./a.ts";'),
    sourceFile("d.ts", ""),
  ];
  expect(circlesOf(files)).toEqual(["a.ts -> b.ts -> c.ts -> a.ts"]);
});

it("sees clocks, timers and dice when there are some, and none in comments, ports and methods", () => {
  const files = [
    sourceFile("actors/a.ts", 'const t = Date.now(); /* Math.random() */ clock.setTimeout(f, 1); const u = "ws://x";'),
    sourceFile("client/b.ts", 'setTimeout(f, 1);\nimport { randomUUID } from "node:crypto";\nnew Date(); new Date(5);'),
    sourceFile(
      "client/c.ts",
      'import { createHash } from "node:crypto";\nimport { setTimeout } from "node:timers/promises";',
    ),
    sourceFile("ports/d.ts", "setTimeout(f, Math.random());"),
  ];
  expect(unportedChance(files)).toEqual([
    "actors/a.ts: Date.now",
    "client/b.ts: new Date()",
    "client/b.ts: setTimeout",
    "client/b.ts: node:crypto { randomUUID }",
    "client/c.ts: setTimeout",
    "client/c.ts: node:timers/promises { setTimeout }",
  ]);
});
