import { expect, it } from "vitest";
import {
  EnvironmentConfigError,
  type EnvironmentSnapshot,
  type EnvironmentSource,
  EnvironmentUnavailableError,
  openEnvironments,
  UnknownEnvironmentError,
} from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";

/** Dials that never come to an end, and how many there were. */
function hanging() {
  let dials = 0;
  return {
    dial: (signal: AbortSignal) => {
      dials += 1;
      return new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
    get dials() {
      return dials;
    },
  };
}

const { dial } = hanging();

it.each<readonly [what: string, snapshot: EnvironmentSnapshot, texts: readonly string[]]>([
  ["an empty id", { environments: [{ id: "", dial }] }, ["environment id cannot be empty"]],
  ["the id of this machine", { environments: [{ id: "local", dial }] }, ["environment id `local` is reserved"]],
  [
    "an id twice",
    {
      environments: [
        { id: "x", dial },
        { id: "x", program: "y" },
      ],
    },
    ["environment id `x` is duplicated"],
  ],
  ["an unknown default", { environments: [], default: "x" }, ["default environment `x` is not configured"]],
  [
    "a default that is left out",
    { environments: [], includeLocal: false, default: "local" },
    ["default environment `local` is not configured"],
  ],
  [
    "more than one thing at once",
    { environments: [{ id: " ", dial }], default: "x" },
    ["environment id cannot be empty", "default environment `x` is not configured"],
  ],
])("%s is refused before anything is started (07 E-13)", async (_, snapshot, texts) => {
  verifies("07 E-13");
  const other = hanging();
  const environments = [{ id: "first", dial: other.dial }, ...snapshot.environments];
  const error = await openEnvironments({ ...snapshot, environments }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EnvironmentConfigError);
  expect((error as EnvironmentConfigError).issues.map(({ message }) => message)).toEqual(texts);
  expect(other.dials).toBe(0);
});

it("a provider says once which there are, and may be given up", async () => {
  let asked = 0;
  const provider = async () => {
    asked += 1;
    return { environments: [{ id: "a", dial }], default: "a" };
  };
  await using environments = await openEnvironments(provider);
  expect([asked, environments.ids]).toEqual([1, ["a", "local"]]);
  const signal = AbortSignal.abort(new Error("never mind"));
  await expect(openEnvironments(provider, { signal })).rejects.toThrow("never mind");
  expect(asked).toBe(1);
});

it("the default comes first, then the others as they were added", async () => {
  await using environments = await openEnvironments({
    environments: [
      { id: "b", dial },
      { id: "a", dial },
      { id: "c", dial },
    ],
    default: "c",
  });
  expect(environments.ids).toEqual(["c", "b", "a", "local"]);
  environments.upsert("b", { dial });
  environments.upsert("d", { dial });
  expect(environments.ids).toEqual(["c", "b", "a", "local", "d"]);
  expect(environments.default?.id).toBe("c");
  expect(environments.defaultOrLocal?.id).toBe("c");
});

it("without a default there is none, whatever else there is (07 E-2)", async () => {
  verifies("07 E-2");
  await using environments = await openEnvironments({ environments: [{ id: "a", dial }], default: null });
  expect([environments.default, environments.defaultId]).toEqual([undefined, null]);
  expect(environments.defaultOrLocal?.id).toBe("local");
  await using none = await openEnvironments({ environments: [], includeLocal: false });
  expect([none.default, none.local, none.defaultOrLocal, none.ids]).toEqual([undefined, undefined, undefined, []]);
});

it("what is not offered is refused before anything is sent, each for itself (07 E-2)", async () => {
  verifies("07 E-2");
  const never = hanging();
  await using environments = await openEnvironments(
    { environments: [{ id: "a", dial: never.dial, capabilities: { exec: false, http: false } }] },
    { isEager: false },
  );
  const a = environments.require("a");
  expect(a.capabilities).toEqual({ exec: false, filesystem: true, http: false });
  const refusal = { code: "environmentUnavailable", effect: "notApplied" };
  await expect(a.start(["true"])).rejects.toMatchObject({
    ...refusal,
    message: "environment `a` does not offer exec",
  });
  await expect(a.fetch("http://o.test/")).rejects.toMatchObject({ name: "TypeError", cause: refusal });
  await expect(a.passive().start(["true"])).rejects.toMatchObject(refusal);
  expect(never.dials).toBe(0);
  const listing = a.files.list("/").catch((error: unknown) => error);
  expect(never.dials).toBe(1);
  await a.close();
  expect(await listing).toMatchObject({ message: "environment `a` cannot be used: it was closed" });
});

it("a disabled environment has a name and nothing else", async () => {
  await using environments = await openEnvironments({ environments: [{ id: "a", disabled: true }], default: "a" });
  const a = environments.require("a");
  expect([a.kind, a.location, a.state.value]).toEqual(["disabled", "nowhere", "Disabled"]);
  expect(a.capabilities).toEqual({ exec: false, filesystem: false, http: false });
  const message = "environment `a` cannot be used: it is disabled";
  for (const call of [a.start(["true"]), a.ready(), a.restart(), a.environmentInfo(), a.link()]) {
    await expect(call).rejects.toThrow(new EnvironmentUnavailableError("a", message));
  }
  expect(a.status()).toEqual({ status: "disconnected", error: "it is disabled" });
  await environments.upsert("a", { dial }).close();
  expect(a.state.value).toBe("Disposed");
});

it.each<readonly [id: string, source: EnvironmentSource, text: string]>([
  ["", { url: "ws://h" }, "environment id cannot be empty"],
  ["local", { url: "ws://h" }, "environment id `local` is reserved"],
  ["a b", { url: "ws://h" }, "environment id `a b` must contain only ASCII letters, numbers, '-' or '_'"],
  ["a", { url: " " }, "remote environment requires an exec-server url"],
  ["a", { url: " NoNe" }, "remote environment cannot use disabled exec-server url"],
  ["a", { url: "http://h" }, "environment url `http://h` must use ws:// or wss://"],
  [
    "a",
    { url: "ws://u:p@h:1/x?t=s3cr3t y" },
    "environment url `ws://h:1/x` is invalid: HTTP format error: invalid uri character",
  ],
  [
    "a",
    { url: "ws://h", headers: { authorization: "x" } },
    "exec-server WebSocket headers require wss:// or a loopback destination",
  ],
  ["a", { url: "ws://h", connectTimeoutMs: -1 }, "cannot convert float seconds to Duration: value is negative, `-1`"],
  [
    "a",
    { dial, initializeTimeoutMs: Number.NaN },
    "cannot convert float seconds to Duration: value is either too big or NaN, `NaN`",
  ],
  ["a", { program: " " }, "environment program cannot be empty"],
  // What only a caller without types can say.
  ["a", {} as EnvironmentSource, "an environment must set exactly one of url, provider, dial, program or disabled"],
  [
    "a",
    { url: "ws://h", program: "x" },
    "an environment must set exactly one of url, provider, dial, program or disabled",
  ],
])("adding %j as %j is refused as in the file, and changes nothing (07 E-15)", async (id, source, text) => {
  verifies("07 E-15");
  await using environments = await openEnvironments({ environments: [{ id: "a", dial }] });
  const before = environments.get("a");
  const refusal = (() => {
    try {
      return environments.upsert(id, source);
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toBeInstanceOf(EnvironmentConfigError);
  expect((refusal as EnvironmentConfigError).issues[0]?.message).toBe(text);
  expect((refusal as EnvironmentConfigError).message).not.toContain("s3cr3t");
  expect(environments.get("a")).toBe(before);
  expect(before?.state.value).toBe("Starting");
});

it("tells what becomes of ids; the default's stays its own, there or not", async () => {
  const environments = await openEnvironments({ environments: [{ id: "a", dial }], default: "a" });
  const changes: string[] = [];
  environments.changes$.subscribe({
    next: ({ type, id }) => changes.push(`${type} ${id}`),
    complete: () => changes.push("over"),
  });
  environments.upsert("b", { dial });
  environments.upsert("b", { program: "x" });
  const a = environments.require("a");
  expect(environments.remove("a")).toBe(true);
  expect(environments.remove("a")).toBe(false);
  expect(a.state.value).toBe("Disposed");
  expect([environments.default, environments.defaultId]).toEqual([undefined, "a"]);
  const again = environments.upsert("a", { dial });
  expect(environments.default).toBe(again);
  await environments.close();
  expect(changes).toEqual(["added b", "replaced b", "removed a", "added a", "over"]);
});

it("an id that nobody has is an error that says which there are", async () => {
  await using environments = await openEnvironments({ environments: [{ id: "a", dial }] });
  expect(() => environments.require("nope")).toThrow(new UnknownEnvironmentError("nope", ["local", "a"]));
  expect(() => environments.require("nope")).toThrow("unknown environment id `nope`; there is local, a");
  await using none = await openEnvironments({ environments: [], includeLocal: false });
  expect(() => none.require("nope")).toThrow("unknown environment id `nope`; there is none");
});
