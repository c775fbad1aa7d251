import fc from "fast-check";
import { expect, test } from "vitest";
import { bindSandbox } from "../../../src/executor/sandbox/bind.ts";
import { needsEnforcement, restrictsNetwork } from "../../../src/executor/sandbox/intent.ts";
import { planMounts } from "../../../src/executor/sandbox/mount-plan.ts";
import { isWithin } from "../../../src/executor/sandbox/path-text.ts";
import { SandboxRefusedError } from "../../../src/ports/process-host.ts";
import { canonicalProfile } from "../../../src/protocol/canonical-profile.ts";
import { PathUri } from "../../../src/protocol/path-uri/index.ts";
import { permissionProfile, sandboxContext } from "../../../src/protocol/sandbox.ts";
import { verifies } from "../../rules/verifies.ts";
import { memoryView } from "./memory-view.ts";

const access = fc.constantFrom("read", "write", "deny", "none");
const subpath = fc.constantFrom(null, undefined, "", "a", "a/./b", "a/../c", "../x", "/x", "~/x");
const special = fc.oneof(
  fc.record({ kind: fc.constantFrom("root", "minimal", "tmpdir", "slash_tmp") }),
  fc.record({ kind: fc.constantFrom("project_roots", "current_working_directory"), subpath }),
  fc.record({ kind: fc.constant("unknown"), path: fc.constantFrom(":new", ":newer"), subpath }),
);
const path = fc.constantFrom(
  "/",
  "/w",
  "/w/a",
  "file:///w/a/../b",
  "file:///w/%61",
  "/t",
  "/o/x",
  "file:///C:/x",
  "file://host/x",
);
const entry = fc.record({
  path: fc.oneof(
    fc.record({ type: fc.constant("path"), path }),
    fc.record({ type: fc.constant("special"), value: special }),
    fc.record({
      type: fc.constant("glob_pattern"),
      pattern: fc.constantFrom("*.env", "/w/*.key", "codex-project-roots://b/*", "a/**"),
    }),
  ),
  access,
});
const entries = fc.array(entry, { maxLength: 6 });
const depth = fc.constantFrom(undefined, null, 1, 3);
const network = fc.constantFrom("restricted", "enabled");
const profile = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("managed"),
      file_system: fc.record({ type: fc.constant("restricted"), entries, glob_scan_max_depth: depth }),
      network,
    }),
  },
  fc.record({ type: fc.constant("managed"), file_system: fc.record({ type: fc.constant("unrestricted") }), network }),
  fc.constant({ type: "disabled" }),
  fc.record({ type: fc.constant("external"), network }),
  fc.record({
    file_system: fc.record({ entries, glob_scan_max_depth: depth }),
    network: fc.constantFrom(undefined, null, {}, { enabled: true }, { enabled: null }),
  }),
  fc.record({
    file_system: fc.record({
      read: fc.constantFrom(undefined, ["/w"]),
      write: fc.constantFrom(undefined, null, ["/w/a", "/t"]),
    }),
  }),
  fc.constant({}),
);
const roots = fc.constantFrom(undefined, ["file:///w"], ["/w", "/o"]);

function contextOf(permissions: unknown, workspaceRoots?: readonly string[]) {
  return sandboxContext.parse({
    permissions,
    windowsSandboxLevel: "disabled",
    ...(workspaceRoots && { workspaceRoots }),
  });
}

function bound(context: ReturnType<typeof contextOf>) {
  try {
    return bindSandbox(context, { host: { os: "linux" }, requestCwd: PathUri.parse("file:///w"), tmpdir: "/t" });
  } catch (error) {
    if (error instanceof SandboxRefusedError) return error.message;
    throw error;
  }
}

const view = memoryView("/w/a/b/", "/w/b", "/w/c/", "/t/", "/tmp/", "/o/x/", "/w/one.env", "/w/one.key");

test("the form that is written is tagged, has no aliases and no defaults, and comes out of itself unchanged", () => {
  verifies("05 SB-J6");
  fc.assert(
    fc.property(profile, (given) => {
      const once = canonicalProfile(permissionProfile.parse(given));
      expect(canonicalProfile(permissionProfile.parse(once))).toEqual(once);
      const text = JSON.stringify(once);
      expect(once).toHaveProperty("type");
      expect(text).not.toMatch(/none|current_working_directory|null/);
    }),
  );
});

test("it means what was given: the same is enforced, bound and mounted, or refused for the same reason", () => {
  verifies("05 SB-J6", "05 SB-J7");
  fc.assert(
    fc.property(profile, roots, (given, workspaceRoots) => {
      const original = contextOf(given, workspaceRoots);
      const written = contextOf(canonicalProfile(original.permissions), workspaceRoots);
      expect(needsEnforcement(written)).toBe(needsEnforcement(original));
      expect(restrictsNetwork(written)).toBe(restrictsNetwork(original));
      expect(planOf(bound(written))).toEqual(planOf(bound(original)));
    }),
    { numRuns: 500 },
  );
});

test("order and repetition of entries mean nothing", () => {
  verifies("05 SB-A2", "05 SB-J7");
  fc.assert(
    fc.property(entries, (given) => {
      const plan = (some: readonly unknown[]) =>
        planOf(
          bound(contextOf({ type: "managed", file_system: { type: "restricted", entries: some }, network: "enabled" })),
        );
      const usual = plan(given);
      const other = plan([...given, ...given].reverse());
      // Of several faults the first one is told.
      if (typeof usual === "string") expect(typeof other).toBe("string");
      else expect(other).toEqual(usual);
    }),
    { numRuns: 500 },
  );
});

/** A plan is the key by which policies are told apart. */
function planOf(confinement: ReturnType<typeof bound>) {
  if (confinement === null || typeof confinement === "string" || confinement.files === null) return confinement;
  try {
    const { words, masks, watched } = planMounts(confinement.files, view, { isRoot: false, mountsProc: true });
    return { words, masks, watched, network: confinement.network };
  } catch (error) {
    if (error instanceof SandboxRefusedError) return error.message;
    throw error;
  }
}

test("binding never widens: what is bound stays at the place and the access that was meant, and nothing foreign is dropped", () => {
  verifies("05 SB-B2", "05 SB-B5", "05 SB-B8", "05 SB-B1");
  fc.assert(
    fc.property(entries, roots, (given, workspaceRoots) => {
      const context = contextOf(
        { type: "managed", file_system: { type: "restricted", entries: given }, network: "enabled" },
        workspaceRoots,
      );
      const confinement = bound(context);
      const text = JSON.stringify(given);
      if (/C:|host/.test(text)) {
        expect(confinement).toMatch(/invalid sandbox permission path URI/);
        return;
      }
      if (confinement === null) {
        expect(needsEnforcement(context)).toBe(false);
        return;
      }
      if (typeof confinement === "string") {
        expect(confinement).toMatch(/leaves its project root/);
        return;
      }
      const allRoots = (workspaceRoots ?? ["/w"]).map((root) => root.replace("file://", ""));
      for (const one of confinement.files?.entries ?? []) {
        const isMeant = given.some(({ path: wanted, access: wantedAccess }) => {
          if ((wantedAccess === "none" ? "deny" : wantedAccess) !== one.access) return false;
          if (wanted.type === "path" && "path" in wanted)
            return PathUri.parse(wanted.path.replace(/^\//, "file:///")).toNative({ os: "linux" }) === one.path;
          if (!("value" in wanted)) return false;
          const { kind } = wanted.value;
          if (kind === "root") return one.path === "/";
          if (kind === "slash_tmp") return one.path === "/tmp";
          if (kind === "tmpdir") return one.path === "/t";
          return /project_roots|current_working/.test(kind) && allRoots.some((root) => isWithin(one.path, root));
        });
        expect(isMeant, JSON.stringify(one)).toBe(true);
      }
      // What takes access away is all there.
      const denied = given.filter(
        ({ path: { type }, access: wanted }) => type === "path" && /deny|none/.test(wanted),
      ).length;
      const bounds = confinement.files?.entries.filter(({ access: is }) => is === "deny").length ?? 0;
      expect(bounds).toBeGreaterThanOrEqual(denied);
    }),
    { numRuns: 1_000 },
  );
});
