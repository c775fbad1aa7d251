import { expect, it } from "vitest";
import {
  type Environment,
  EnvironmentStartError,
  type Environments,
  EnvironmentUnavailableError,
  LinkFailedError,
  openEnvironments,
} from "../../../src/index.ts";
import { features } from "../../../src/protocol/extensions.ts";
import { verifies } from "../../rules/verifies.ts";
import { ScriptedDials } from "../recovery/scripted-dials.ts";
import { settled } from "../scripted-link.ts";

const shell = { shell: { name: "sh", path: "/bin/sh" } };

interface Scene extends AsyncDisposable {
  readonly world: ScriptedDials;
  readonly environments: Environments;
  readonly a: Environment;
}

/** One environment that dials a scripted executor, on virtual time. */
async function scene(
  options: { readonly mode?: ScriptedDials["mode"]; readonly isEager?: boolean } = {},
): Promise<Scene> {
  const world = new ScriptedDials();
  world.mode = options.mode ?? "accept";
  const { clock } = world;
  const onFault = (error: unknown) => world.faults.push(error);
  const environments = await openEnvironments(
    { environments: [{ id: "a", dial: world.dial }], includeLocal: false, default: "a" },
    { clock, onFault, isEager: options.isEager ?? false },
  );
  return {
    world,
    environments,
    a: environments.require("a"),
    async [Symbol.asyncDispose]() {
      const closing = environments.close();
      await world.pass(2_000); // an executor that does not answer delays the close by a second
      await closing;
      expect(world.faults).toEqual([]);
      expect(clock.pending).toBe(0);
    },
  };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("it succeeded"),
    (error: unknown) => error,
  );

/** Makes the link fail for good: the connection is lost, and nobody lets it dial until the deadline. */
async function loseLink(world: ScriptedDials): Promise<void> {
  world.mode = "refuse";
  await world.cut();
  await world.pass(25_000);
}

it("ten first users share one attempt, and get the same link (03 T-13, CL-63, I-29, 07 E-3, E-20)", async () => {
  verifies("03 T-13", "03 I-29", "07 E-3", "07 E-20");
  await using there = await scene();
  const { world, a } = there;
  expect(a.state.value).toBe("Idle");
  world.answersHandshake = false;
  const users = Array.from({ length: 10 }, () => a.link());
  expect(a.state.value).toBe("Starting");
  await settled();
  // An executor that serves requests side by side, so that HTTP needs no connection of its own (06 H-58).
  world.peer.answer({ sessionId: "s", proctor: { v: 1, sessionTtlMs: 30_000, features } });
  const links = new Set(await Promise.all(users));
  expect(links.size).toBe(1);
  // All services go over it, whichever is first.
  const calls = [a.environmentInfo(), a.files.stat("/x"), a.fetch("http://o.test/"), a.start(["true"])];
  for (const call of calls) call.catch(() => undefined);
  await settled();
  expect(world.dials).toBe(1);
  const asked = world.peer.requests.map(({ method }) => method);
  expect(asked.toSorted()).toEqual([
    "environment/info",
    "fs/getMetadata",
    "http/request",
    "initialize",
    "process/start",
  ]);
});

it("a failed first attempt is final, with the same error for all, until a restart (03 T-13, CL-64, 07 E-21, E-49)", async () => {
  verifies("03 T-13", "03 I-29", "07 E-21", "07 E-49");
  await using there = await scene({ mode: "refuse" });
  const { world, a } = there;
  const errors = await Promise.all([failure(a.ready()), failure(a.link()), failure(a.files.readFile("/x"))]);
  errors.push(await failure(a.start(["true"])), await failure(a.environmentInfo()));
  errors.push(((await failure(a.fetch("http://o.test/"))) as Error).cause);
  expect(new Set(errors).size).toBe(1);
  expect(errors[0]).toBeInstanceOf(EnvironmentStartError);
  expect(errors[0]).toMatchObject({
    code: "environmentStart",
    environmentId: "a",
    effect: "notApplied",
    message: "environment `a`: connection attempt failed: refused",
  });
  world.mode = "accept";
  expect(await failure(a.ready())).toBe(errors[0]);
  expect(a.status()).toEqual({ status: "disconnected", error: (errors[0] as Error).message });
  expect(world.dials).toBe(1);

  await a.restart();
  expect(a.state).toEqual({ value: "Ready", phase: "Connected", reason: null });
  expect(world.dials).toBe(2);
});

it("a lost session is reopened by the next use, which all share, and by nothing else (03 T-13, CL-65, 07 E-26)", async () => {
  verifies("03 T-13", "07 E-26", "07 E-25");
  await using there = await scene();
  const { world, a } = there;
  const first = await a.link();
  await loseLink(world);
  expect(first.state.value).toBe("Failed");
  expect(a.state).toMatchObject({ value: "Disconnected", phase: "Lost" });
  const dials = world.dials;
  expect(dials).toBeGreaterThan(200); // every 100 ms, for 25 s
  await world.pass(60_000);
  expect(world.dials).toBe(dials);

  // Whoever asks shares one attempt; its failure is theirs alone.
  const together = await Promise.all([failure(a.ready()), failure(a.environmentInfo())]);
  expect(together[0]).toBe(together[1]);
  expect(world.dials).toBe(dials + 1);
  const later = await failure(a.ready());
  expect(later).toBeInstanceOf(EnvironmentStartError);
  expect(later).not.toBe(together[0]);
  expect(world.dials).toBe(dials + 2);

  world.mode = "accept";
  const [second, third] = await Promise.all([a.link(), a.link()]);
  expect(second).toBe(third);
  expect(second).not.toBe(first);
  expect(world.dials).toBe(dials + 3);
  // A new session, not the old one.
  expect(world.peer.requests[0]).toMatchObject({ method: "initialize", params: { resumeSessionId: null } });
  expect(await failure(first.environmentInfo())).toBeInstanceOf(LinkFailedError);
});

it("calls wait while the link recovers, and go on over the resumed session (07 E-24)", async () => {
  verifies("07 E-24");
  await using there = await scene();
  const { world, a } = there;
  await a.ready();
  world.mode = "refuse";
  await world.cut();
  expect(a.state).toMatchObject({ value: "Ready", phase: "Recovering", reason: expect.any(String) });
  const info = a.environmentInfo();
  await world.pass(2_000);
  world.mode = "accept";
  await world.pass(200);
  expect(world.peer.requests[0]).toMatchObject({ method: "initialize", params: { resumeSessionId: "s" } });
  world.peer.answer(shell);
  await expect(info).resolves.toEqual(shell);
  expect(a.state).toEqual({ value: "Ready", phase: "Connected", reason: null });
});

it("a session that the executor does not know is lost after one attempt (07 E-25)", async () => {
  verifies("07 E-25");
  await using there = await scene();
  const { world, a } = there;
  await a.ready();
  world.answersHandshake = false;
  await world.cut();
  world.peer.refuse(-32600, "unknown session id s");
  await settled();
  expect(a.state).toMatchObject({
    value: "Disconnected",
    phase: "Lost",
    reason: expect.stringContaining("unknown session"),
  });
  expect(world.dials).toBe(2);
});

it("who leaves does not end the attempt of the others (03 section 7.3, 07 E-49)", async () => {
  verifies("07 E-49");
  await using there = await scene({ mode: "hang" });
  const { world, a } = there;
  const leaving = new AbortController();
  const left = failure(a.ready({ signal: leaving.signal }));
  const staying = failure(a.ready());
  leaving.abort(new Error("never mind"));
  expect(await left).toMatchObject({ message: "never mind" });
  expect(a.state.value).toBe("Starting");
  await world.pass(10_000);
  expect(await staying).toBeInstanceOf(EnvironmentStartError);
  await expect(a.ready({ signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow("too late");
});

it("connects at once when it is eager, and with its first use when it is not (07 E-14, E-19, E-22)", async () => {
  verifies("07 E-14", "07 E-19", "07 E-22");
  await using eager = await scene({ isEager: true });
  expect(eager.world.dials).toBe(1);
  await eager.a.ready();
  expect(eager.world.dials).toBe(1);
  await using lazy = await scene();
  await settled();
  expect(lazy.world.dials).toBe(0);
  lazy.a.connect();
  lazy.a.connect();
  expect(lazy.world.dials).toBe(1);
});

it("whatever becomes of an eager start, nobody is told who does not ask", async () => {
  await using there = await scene({ isEager: true, mode: "refuse" });
  await settled();
  expect(there.a.state.value).toBe("Failed");
});

it("the limits of an environment hold for its first connection and for later ones (07 E-17)", async () => {
  verifies("07 E-17");
  const world = new ScriptedDials();
  world.mode = "hang";
  const { clock } = world;
  await using environments = await openEnvironments(
    {
      environments: [{ id: "a", dial: world.dial, connectTimeoutMs: 700, initializeTimeoutMs: 300 }],
      includeLocal: false,
    },
    { clock },
  );
  const a = environments.require("a");
  await world.pass(699);
  expect(a.state.value).toBe("Starting");
  await world.pass(1);
  expect(a.state.value).toBe("Failed");

  world.mode = "accept";
  world.answersHandshake = false;
  const restarting = failure(a.restart());
  await world.pass(299);
  expect(a.state.value).toBe("Starting");
  await world.pass(1);
  expect(await restarting).toMatchObject({ message: expect.stringContaining("did not answer `initialize` in time") });

  world.answersHandshake = true;
  await a.restart();
  world.mode = "hang";
  await world.cut();
  const dials = world.dials;
  await world.pass(699);
  expect(world.dials).toBe(dials);
  await world.pass(1 + 60);
  expect(world.dials).toBe(dials + 1);
  const closing = environments.close();
  await world.pass(2_000);
  await closing;
});

it("replacing gives up what has not come about, at once, and rejects who waits for it (07 E-18, E-50, 03 CL-67)", async () => {
  verifies("07 E-18", "07 E-50");
  await using there = await scene({ mode: "hang" });
  const { world, environments, a } = there;
  const waiting = failure(a.ready());
  await settled();
  const signals: AbortSignal[] = [];
  environments
    .upsert("b", {
      dial: (signal) => {
        signals.push(signal);
        return world.dial(signal);
      },
    })
    .connect();
  world.mode = "accept";
  const second = environments.upsert("a", { dial: world.dial });
  expect(await waiting).toBeInstanceOf(EnvironmentUnavailableError);
  expect(await waiting).toMatchObject({ message: "environment `a` cannot be used: it was replaced" });
  expect(a.state.value).toBe("Disposed");
  expect(environments.get("a")).toBe(second);
  expect(signals[0]?.aborted).toBe(false);
  environments.remove("b");
  expect(signals[0]?.aborted).toBe(true);
});

it("replacing leaves a link that is in use to those who use it (07 E-18, E-43, 03 CL-67)", async () => {
  verifies("07 E-18");
  await using there = await scene();
  const { world, environments, a } = there;
  const link = await a.link();
  const peer = world.peer;
  const second = environments.upsert("a", { dial: world.dial });
  expect(second).not.toBe(a);
  const info = a.environmentInfo();
  await settled();
  peer.answer(shell);
  await expect(info).resolves.toEqual(shell);
  expect(link.state.value).toBe("Connected");
  await second.ready();
  expect(world.dials).toBe(2);
  const closing = a.close();
  await world.pass(1_000);
  await closing;
  expect(link.state.value).toBe("Closed");
  expect(second.state.value).toBe("Ready");
});

it("closing ends every environment, replaced ones too, and rejects who waits (07 E-49, E-50)", async () => {
  verifies("07 E-49", "07 E-50");
  const there = await scene();
  const { world, environments, a } = there;
  const link = await a.link();
  world.mode = "hang";
  const second = environments.upsert("a", { dial: world.dial });
  const waiting = failure(second.ready());
  await there[Symbol.asyncDispose]();
  expect([a, second].map(({ state }) => state.value)).toEqual(["Disposed", "Disposed"]);
  expect(link.state.value).toBe("Closed");
  expect(await waiting).toMatchObject({ message: "environment `a` cannot be used: it was closed" });
  expect(await failure(a.start(["true"]))).toBeInstanceOf(EnvironmentUnavailableError);
  await environments.close();
});

it("tells whether it can be used without asking or beginning anything (07 E-40)", async () => {
  verifies("07 E-40");
  await using there = await scene();
  const { world, environments, a } = there;
  expect(environments.status("a")).toEqual({ status: "pending" });
  expect(await a.probe()).toEqual({ status: "pending" });
  expect(environments.status("nope")).toEqual({ status: "unknown", error: "unknown environment id `nope`" });
  world.mode = "hang";
  a.connect();
  expect(a.status()).toEqual({ status: "pending" });
  await world.pass(10_000);
  expect(a.status()).toMatchObject({ status: "disconnected", error: expect.stringContaining("attempt failed") });
  world.mode = "accept";
  await a.restart();
  expect(a.status()).toEqual({ status: "ready" });

  const probe = a.probe();
  await settled();
  world.peer.answer(shell);
  expect(await probe).toEqual({ status: "ready" });
  const unanswered = a.probe({ timeoutMs: 500 });
  await settled();
  await world.pass(500);
  expect(await unanswered).toMatchObject({ status: "disconnected", error: expect.stringContaining("within 0.5 s") });

  world.mode = "refuse";
  await world.cut();
  const recovering = { status: "disconnected", error: "exec-server environment is recovering" };
  expect(a.status()).toEqual(recovering);
  expect(await a.probe()).toEqual(recovering);
  await world.pass(25_000);
  expect(a.status()).toMatchObject({ status: "disconnected", error: expect.stringContaining("recovery timed out") });
});

it("its facts are waited for 30 s, and not longer than one says (07 E-39)", async () => {
  verifies("07 E-39");
  await using there = await scene();
  const { world, a } = there;
  await a.ready();
  const late = failure(a.environmentInfo());
  const sooner = failure(a.environmentInfo({ timeoutMs: 100 }));
  await settled();
  // Alive all the time, only without an answer.
  const beats = async (seconds: number) => {
    for (let n = 0; n < seconds; n += 1) {
      await world.pass(1_000);
      world.peer.notify("nobody/knows", {});
    }
  };
  await world.pass(100);
  expect(await sooner).toMatchObject({ code: "timeout", message: "no answer to environment/info within 0.1 s" });
  await beats(29);
  expect(a.state.phase).toBe("Connected");
  await beats(1);
  expect(await late).toMatchObject({ code: "timeout" });
  const given = failure(a.environmentInfo({ signal: AbortSignal.abort(new Error("no")) }));
  expect(await given).toMatchObject({ message: "no" });
});

it("what is asked passively begins, waits for and recovers nothing (07 E-41)", async () => {
  verifies("07 E-41");
  await using there = await scene({ mode: "refuse" });
  const { world, a } = there;
  const passive = a.passive();
  const refusal = async () => {
    const errors = await Promise.all([
      failure(passive.start(["true"])),
      failure(passive.files.list("/")),
      failure(passive.environmentInfo()),
      failure(passive.fetch("http://o.test/")).then((error) => (error as Error).cause),
    ]);
    expect(new Set(errors.map((error) => (error as Error).message)).size).toBe(1);
    return errors[0] as Error;
  };
  expect(await refusal()).toBeInstanceOf(EnvironmentUnavailableError);
  expect((await refusal()).message).toBe("exec-server environment is not ready (environment `a`)");
  expect(world.dials).toBe(0);
  expect(await failure(a.ready())).toBe(await refusal());

  world.mode = "accept";
  await a.restart();
  const info = passive.environmentInfo();
  await settled();
  world.peer.answer(shell);
  await expect(info).resolves.toEqual(shell);
  world.mode = "refuse";
  await world.cut();
  expect((await refusal()).message).toBe("exec-server environment is recovering (environment `a`)");
  await world.pass(25_000);
  expect((await refusal()).message).toMatch(/^environment `a` is disconnected: .*recovery timed out/);
});

it("tells every state once, in order, and completes (07 E-49)", async () => {
  verifies("07 E-49");
  const there = await scene();
  const { world, a } = there;
  const seen: string[] = [];
  a.state$.subscribe({
    next: ({ value, phase }) => seen.push(phase ?? value),
    complete: () => seen.push("over"),
  });
  await a.ready();
  await loseLink(world);
  await failure(a.ready());
  world.mode = "accept";
  await a.ready();
  await there[Symbol.asyncDispose]();
  expect(seen).toEqual([
    "Idle",
    "Starting",
    "Connected",
    "Recovering",
    "Lost",
    "Reopening",
    "Lost",
    "Reopening",
    "Connected",
    "Disposed",
    "over",
  ]);
});
