import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accessTo } from "../../../src/executor/sandbox/access.ts";
import type { FileView } from "../../../src/executor/sandbox/file-view.ts";
import { protectedNames } from "../../../src/executor/sandbox/metadata.ts";
import { type MountPlan, type PlanHost, planMounts } from "../../../src/executor/sandbox/mount-plan.ts";
import { isWithin } from "../../../src/executor/sandbox/path-text.ts";
import type { Access, BoundEntry, FileConfinement } from "../../../src/ports/confinement.ts";
import { verifies } from "../../rules/verifies.ts";
import { memoryView } from "./memory-view.ts";

const ordinary: PlanHost = { isRoot: false, mountsProc: true };

/** Entries as `read /, write /w`. */
function entriesOf(text: string): BoundEntry[] {
  return text
    .split(", ")
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [access = "", path = ""] = entry.split(" ");
      return { path, access: access as Access }; // written so in this file
    });
}

function confinement(entries: string, more: Partial<FileConfinement> = {}): FileConfinement {
  return { entries: entriesOf(entries), denyGlobs: [], globScanMaxDepth: null, platformDefaults: false, ...more };
}

/** The words of a plan, a mount a line; `(place)` and `(nothing)` stand for descriptors. */
function mountsOf(plan: MountPlan): string[] {
  const words = plan.words.map((word) =>
    "text" in word ? word.text : "opened" in word ? `(${word.opened})` : "(nothing)",
  );
  return words.join(" ").split(/(?<!--perms \d{3}) (?=--)/);
}

function planned(entries: string, view: FileView, host = ordinary): string[] {
  return mountsOf(planMounts(confinement(entries), view, host));
}

/** The mounts between the frame's own, `--dev /dev` and `--proc /proc`. */
function between(lines: readonly string[]): string[] {
  return lines.slice(lines.indexOf("--dev /dev") + 1, lines.indexOf("--proc /proc"));
}

describe("the base", () => {
  test("a readable root is read-only, below its own /dev and /proc", () => {
    verifies("05 SB-L1");
    expect(planned("read /", memoryView())).toEqual(["--ro-bind / /", "--dev /dev", "--proc /proc"]);
  });

  test("a writable root keeps the private /dev", () => {
    verifies("05 SB-L1", "05 SB-L8");
    const plan = planned("write /, read /a/b", memoryView("/a/b/", "/.git/", "/.agents/", "/.codex/"));
    expect(plan.slice(0, 2)).toEqual(["--bind / /", "--dev /dev"]);
    expect(plan).not.toContain("--bind-fd (/dev) /dev");
    expect(plan.indexOf("--bind-fd (/a) /a")).toBeLessThan(plan.indexOf("--ro-bind-fd (/a/b) /a/b"));
  });

  test("without a readable root there is nothing but what the entries name, and the synthetic root is read-only", () => {
    verifies("05 SB-L1", "05 SB-L10");
    expect(planned("read /a", memoryView("/a/file"))).toEqual([
      "--tmpfs /",
      "--dev /dev",
      "--ro-bind-fd (/a) /a",
      "--proc /proc",
      "--remount-ro /",
    ]);
  });

  test("no link to the system's directories becomes a second mount, so that a denied program has one name only", () => {
    verifies("05 SB-L3");
    const view = memoryView("/usr/bin/env", "/bin -> usr/bin", "/etc/");
    const plan = planMounts(confinement("deny /usr/bin/env", { platformDefaults: true }), view, ordinary);
    expect(between(mountsOf(plan))).toEqual([
      "--ro-bind-fd (/etc) /etc",
      "--ro-bind-fd (/usr) /usr",
      "--perms 000 --ro-bind-data (nothing) /usr/bin/env",
      "--symlink usr/bin /bin",
    ]);
  });

  test("as root the kernel's settings are covered", () => {
    verifies("05 SB-U2", "05 SB-L10");
    const plan = planned("read /", memoryView(), { isRoot: true, mountsProc: true });
    expect(plan.slice(-2)).toEqual(["--proc /proc", "--ro-bind /proc/sys /proc/sys"]);
  });

  test.each([true, false])(
    "where no fresh /proc can be had there is an empty one, never the host's; root: %s",
    (isRoot) => {
      verifies("05 SB-Q4");
      const plan = planned("read /", memoryView(), { isRoot, mountsProc: false });
      expect(plan.slice(-2)).toEqual(["--tmpfs /proc", "--remount-ro /proc"]);
      expect(plan.join(" ")).not.toMatch(/--proc|proc\/sys/);
    },
  );
});

describe("nodes", () => {
  test("the specification's example, word for word", () => {
    verifies("05 SB-L7", "05 SB-L8", "05 SB-L14", "05 SB-M1");
    const view = memoryView("/srv/app/lib/vendor/", "/srv/app/.git/");
    expect(planned("read /, write /srv/app, read /srv/app/lib/vendor", view)).toEqual([
      "--ro-bind / /",
      "--dev /dev",
      "--ro-bind-fd (/srv/app/lib) /srv/app/lib",
      "--bind-fd (/srv/app) /srv/app",
      "--perms 555 --tmpfs /srv/app/.agents",
      "--perms 555 --tmpfs /srv/app/.codex",
      "--ro-bind-fd (/srv/app/.git) /srv/app/.git",
      "--ro-bind-fd (/srv/app/lib/vendor) /srv/app/lib/vendor",
      "--proc /proc",
      "--remount-ro /srv/app/.agents",
      "--remount-ro /srv/app/.codex",
    ]);
  });

  test("writable places that are missing are dropped, and what would be read or denied there needs nothing", () => {
    verifies("05 SB-L6", "05 SB-L7");
    expect(between(planned("read /, write /w, read /w/a, deny /x", memoryView()))).toEqual([]);
  });

  test("a denied file reads as nothing, a denied directory is empty and leads on to what is not denied", () => {
    verifies("05 SB-L7", "05 SB-L10");
    const view = memoryView("/d/file", "/e/f/g/");
    expect(planned("read /, deny /d/file, deny /e, read /e/f/g", view).slice(2)).toEqual([
      "--perms 111 --tmpfs /e",
      "--perms 000 --ro-bind-data (nothing) /d/file",
      "--ro-bind-fd (/e/f/g) /e/f/g",
      "--proc /proc",
      "--remount-ro /e",
    ]);
  });

  test("of what is missing the first part is held, and told, so that it can be removed", () => {
    verifies("05 SB-L7", "05 SB-L13");
    const view = memoryView("/w/.git/", "/w/.agents/", "/w/.codex/");
    const files = confinement("read /, write /w, read /w/a/b, read /w/a/c, deny /w/d/e, deny /w/x/.git");
    const plan = planMounts(files, view, ordinary);
    expect(plan.masks).toEqual([
      { path: "/w/a", kind: "file" },
      { path: "/w/d", kind: "file" },
      { path: "/w/x", kind: "file" },
    ]);
    expect(mountsOf(plan)).toContain("--perms 444 --ro-bind-data (nothing) /w/a");
    expect(mountsOf(plan)).toContain("--perms 000 --ro-bind-data (nothing) /w/d");
  });

  test("nothing is mounted below /proc", () => {
    verifies("05 SB-L7");
    expect(
      between(planned("read /, deny /proc/kcore, write /proc/self", memoryView("/proc/kcore", "/proc/self/"))),
    ).toEqual([]);
  });

  test("a symbolic place for temporary files counts only where there is a directory", () => {
    verifies("05 SB-B7", "05 SB-B8");
    const at = (path: string): BoundEntry => ({ path, access: "write", onlyDirectory: true });
    const entries = [...entriesOf("read /"), at("/file"), at("/link"), at("/missing")];
    const view = memoryView(
      "/file",
      "/folder/",
      "/folder/.git/",
      "/folder/.agents/",
      "/folder/.codex/",
      "/link -> folder",
    );
    const plan = planMounts({ ...confinement(""), entries }, view, ordinary);
    expect(between(mountsOf(plan)).filter((mount) => mount.startsWith("--bind"))).toEqual([
      "--bind-fd (/folder) /folder",
    ]);
  });
});

describe("links", () => {
  test("a link that the program may replace is refused, whatever it grants", () => {
    verifies("05 SB-L9");
    const view = memoryView("/w/link -> /o", "/o/");
    for (const [access, kind] of [
      ["read", "read-only"],
      ["write", "writable"],
      ["deny", "deny-read"],
    ]) {
      expect(() => planned(`read /, write /w, ${access} /w/link`, view)).toThrow(
        `cannot enforce sandbox ${kind} path /w/link because it crosses writable symlink /w/link`,
      );
    }
  });

  test("one outside of all writable places is followed: the entry falls on what it leads to", () => {
    verifies("05 SB-L5", "05 SB-L9");
    const view = memoryView("/alias -> o", "/o/secret");
    expect(between(planned("read /, deny /alias", view))).toEqual(["--perms 000 --tmpfs /o"]);
  });

  test("one to nowhere grants nothing, and cannot be denied", () => {
    verifies("05 SB-L5");
    const view = memoryView("/gone -> nowhere");
    expect(between(planned("read /, write /gone", view))).toEqual([]);
    expect(() => planned("read /, deny /gone", view)).toThrow("it leads through a link to nowhere, /gone");
  });

  test("in a bare view both names of a place work", () => {
    verifies("05 SB-L5");
    expect(between(planned("read /alias/x", memoryView("/alias -> w", "/w/x/")))).toEqual([
      "--ro-bind-fd (/w/x) /w/x",
      "--symlink w /alias",
    ]);
  });
});

describe("metadata", () => {
  test("a protected name that is a link is refused", () => {
    verifies("05 SB-M6");
    expect(() => planned("read /, write /w", memoryView("/w/.git -> ../o", "/o/"))).toThrow(
      "crosses writable symlink /w/.git",
    );
  });

  test("where the names cannot be made nothing is held, for the program cannot make them either", () => {
    verifies("05 SB-M7");
    const view = { ...memoryView("/w/"), canCreateIn: () => false };
    expect(between(planned("read /, write /w", view))).toEqual(["--bind-fd (/w) /w"]);
  });

  test("a writable file has no metadata", () => {
    verifies("05 SB-M8");
    expect(between(planned("read /, write /w/file", memoryView("/w/file")))).toEqual(["--bind-fd (/w/file) /w/file"]);
  });

  test("the store that a .git file names is read-only too, behind every writable place", () => {
    verifies("05 SB-M4");
    const view = memoryView(
      "/w/.git = gitdir: ../store/1\n",
      "/w/.agents/",
      "/w/.codex/",
      "/store/1/HEAD",
      "/store/.git/",
    );
    const plan = between(planned("read /, write /w, write /store", view));
    expect(plan.indexOf("--ro-bind-fd (/store/1) /store/1")).toBeGreaterThan(plan.indexOf("--bind-fd (/store) /store"));
  });

  test("below a larger repository nothing hides it: the name is watched instead", () => {
    verifies("05 SB-M5");
    const view = memoryView("/repo/.git/HEAD", "/repo/w/", "/repo/w/.agents/", "/repo/w/.codex/");
    const plan = planMounts(confinement("read /, write /repo/w"), view, ordinary);
    expect([plan.watched, plan.masks]).toEqual([["/repo/w/.git"], []]);
  });
});

const name = fc.constantFrom("a", "b", ".git");
const place = fc.array(name, { maxLength: 4 }).map((names) => `/${names.join("/")}`);
const someEntries = fc.array(fc.record({ path: place, access: fc.constantFrom<Access>("read", "write", "deny") }), {
  maxLength: 6,
});
/** Directories, so that each may have anything below it. */
const someView = fc.array(place, { maxLength: 12 }).map((paths) => paths.filter((path) => path !== "/"));

/**
 * What the mounts of a plan make of a place that exists: the last one over it counts, since each covers what was mounted there
 * before. Masks grant nothing.
 */
function mountedAccess(plan: MountPlan, path: string): Access {
  let access: Access = "deny";
  for (const mount of mountsOf(plan)) {
    const [option = "", ...words] = mount.replace(/^--perms \d+ /, "").split(" ");
    const point = words.at(-1) ?? "";
    if (!isWithin(path, point) || point === "/dev" || point === "/proc" || option === "--remount-ro") continue;
    if (/^--ro-bind(-fd)?$/.test(option)) access = "read";
    else if (/^--bind(-fd)?$/.test(option)) access = "write";
    else access = "deny";
  }
  return access;
}

/** The pure model, with the names that are protected in every writable place (05 SB-M1, SB-M2). */
function modelAccess(path: string, entries: readonly BoundEntry[], view: FileView): Access {
  const access = accessTo(path, entries);
  const writable = entries.filter(
    (entry) => accessTo(entry.path, entries) === "write" && view.kindOf(entry.path) !== "missing",
  );
  const isProtected = writable.some((root) =>
    protectedNames.some((protectedName) => {
      const at = root.path === "/" ? `/${protectedName}` : `${root.path}/${protectedName}`;
      const isLifted = writable.some((other) => isWithin(other.path, at) && isWithin(path, other.path));
      return (
        isWithin(path, at) &&
        !isLifted &&
        entries.every((entry) => !(isWithin(entry.path, at) && isWithin(path, entry.path)))
      );
    }),
  );
  return access === "write" && isProtected ? "read" : access;
}

test("whatever the entries, the mounts give each place what the model says, in any order of them", () => {
  verifies("05 SB-A2", "05 SB-A3", "05 SB-V2", "05 SB-L7", "05 SB-M1", "05 SB-M2");
  fc.assert(
    fc.property(someEntries, someView, (entries, paths) => {
      const view = memoryView(...paths.map((path) => `${path}/`));
      const plan = planMounts({ ...confinement(""), entries }, view, ordinary);
      for (const path of paths) {
        expect(mountedAccess(plan, path), `${path} by ${mountsOf(plan).join(" ")}`).toBe(
          modelAccess(path, entries, view),
        );
      }
      const reversed = planMounts({ ...confinement(""), entries: [...entries].reverse() }, view, ordinary);
      expect(mountsOf(reversed)).toEqual(mountsOf(plan));
    }),
    { numRuns: 2_000 },
  );
});
