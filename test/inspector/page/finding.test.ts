import { expect, test } from "vitest";
import { parseFilter } from "../../../src/inspector/page/history/filter.ts";
import { History } from "../../../src/inspector/page/history/history.ts";
import { describeQuiet, foldQuiet, sayType } from "../../../src/inspector/page/history/importance.ts";
import { OddityWatch } from "../../../src/inspector/page/history/odd.ts";
import { describeValue, nameState } from "../../../src/inspector/page/history/state-name.ts";
import { tellStory } from "../../../src/inspector/page/history/story.ts";
import { running, StagedHistory, stageDay } from "./staged-history.ts";

function historyOf(play: StagedHistory): History {
  const history = new History();
  history.append(play.records);
  return history;
}

/** The names of those whom a filter finds at the end of a day. */
function found(text: string): string[] {
  const history = historyOf(stageDay());
  const scene = history.scene();
  const odd = new Set(new OddityWatch(history).find(scene, history.lastT).map(({ actor }) => actor));
  const surroundings = {
    t: history.lastT,
    ownerOf: ({ owner }: { readonly owner: number | null }) => (owner === null ? undefined : scene.byNumber.get(owner)),
    isOdd: ({ actor }: { readonly actor: number }) => odd.has(actor),
  };
  const filter = parseFilter(text);
  expect(filter.trouble).toBeNull();
  return scene.actors.filter((actor) => filter.matches(actor, surroundings)).map(({ name }) => name);
}

test.each([
  ["kind:session", ["session 7f3a21bc", "session 91bc0e44", "session c04de881"]],
  ["state:Closed", ["process make-1", "process npm-3"]],
  ["kind:process state:running argv:~train age:>19.2s", ["process python3-4"]],
  ["kind:process owner:c04de881 -argv:~make -tail -cargo", ["process npm-17", "process python3-18"]],
  ["exitCode:>0", ["process npm-3"]],
  ["is:odd", ["process cargo-2", "process npm-3", "process nope"]],
  ['argv:"npm run lint" is:over', []],
  ["127.0.0.1:41007", ["connection c-4"]],
  ["is:over kind:process", ["process nope"]],
])("the filter %s finds who it says", (text, names) => {
  expect(found(text)).toEqual(names);
});

test("an empty filter finds everybody, and one that cannot be read says so and filters by the rest", () => {
  expect(found("")).toHaveLength(28);
  expect(parseFilter("age:old kind:session").trouble).toBe("age:old is no age; it is written age:>10s");
  expect(parseFilter("is:strange").trouble).toMatch(/is:odd/);
});

test("quiet events between others are folded into one line each", () => {
  const types = [
    "child.spawned",
    "output.paused",
    "output.resumed",
    "output.paused",
    "terminate",
    "output.resumed",
    "child.exited",
  ];
  const folds = foldQuiet(types, (type) => type);
  expect(folds.map((fold) => (fold.kind === "one" ? fold.item : describeQuiet(fold.items)))).toEqual([
    "child.spawned",
    "2 x output.paused, 1 x output.resumed",
    "terminate",
    "output.resumed",
    "child.exited",
  ]);
});

test("events of timers and of invoked actors are named as people name them", () => {
  expect(
    [
      "xstate.after.timeLimit.process.Live.group.Ours.Limited",
      "xstate.done.actor.0.link.Connecting.Dialing",
      "xstate.error.actor.0.link.Connecting.Dialing",
      "xstate.init",
      "child.exited",
    ].map(sayType),
  ).toEqual([
    "after timeLimit",
    "done: link.Connecting.Dialing",
    "failed: link.Connecting.Dialing",
    "init",
    "child.exited",
  ]);
});

test("the regions of a process come to one word", () => {
  const name = (value: Parameters<typeof nameState>[1]) => nameState("process", value, "active").name;
  expect(name({ Starting: "Wanted" })).toBe("Starting");
  expect(name(running())).toBe("Running");
  expect(name(running({ stderr: { Open: "Paused" } }))).toBe("HeldBack");
  expect(name(running({ group: { Ours: "Killing" } }))).toBe("Terminating");
  expect(name(running({ child: "Exited", group: { Ours: "Stopping" } }))).toBe("Exited");
  expect(nameState("connection", { Open: { handshake: "Ready", peer: { Silent: "Probed" } } }, "active").name).toBe(
    "Ready",
  );
  expect(nameState("session", { Attached: "Probing" }, "active")).toEqual({ name: "Contested", tone: "attention" });
  expect(nameState("somebody's own", { Left: "A", Right: "B" }, "error")).toEqual({
    name: "Left+Right",
    tone: "failed",
  });
  expect(describeValue(running())).toBe(
    "Live(child Running, stdin Closed, stdout Open.Flowing, stderr Open.Flowing, group Ours.Undisturbed)",
  );
});

test("the story of a process that a time limit ended tells of the limit, the signal and the exit", () => {
  const play = new StagedHistory();
  const process = play.enter("process", "p", { Starting: "Wanted" });
  play.wait(5).hear(process, "child.spawned", running({ group: { Ours: "Limited" } }));
  play
    .wait(995)
    .hear(process, "xstate.after.timeLimit.process.Live.group.Ours.Limited", running({ group: { Ours: "Stopping" } }));
  play
    .ignore(process, "terminate")
    .wait(3)
    .hear(process, { type: "child.exited", exitCode: 143 }, running({ child: "Exited" }));
  const history = historyOf(play);
  const track = history.tracks.get(process);
  if (track === undefined) throw new Error("it is there");
  const tell = (position: number) => tellStory(track, track.at(position), position).map(({ text }) => text);
  expect(tell(history.length)).toEqual([
    "its time limit was over, 1.00 s after its start: the group gets SIGTERM",
    "the child ended: exit code 143 (SIGTERM)",
  ]);
  expect(tell(history.length - 1)).toHaveLength(1);
});

test("what is odd: a failure, an ignored order, a state that takes longer than 99 of 100 took; not what was ignored quietly", () => {
  const play = new StagedHistory();
  for (let index = 0; index < 40; index += 1) {
    const brief = play.enter("process", `brief ${index}`, { Starting: "Wanted" });
    play.wait(20).hear(brief, "child.spawned", running()).ignore(brief, "session.attached");
  }
  const slow = play.enter("process", "slow", { Starting: "Wanted" });
  const deaf = play.enter("process", "deaf", running());
  const failed = play.enter("process", "failed", { Starting: "Wanted" });
  play.hear(failed, "child.spawnFailed", "Failed", "done").ignore(deaf, "terminate");
  const before = play.wait(900).t;
  const odd = (history: History, t: number) =>
    new OddityWatch(history).find(history.scene(history.positionAt(t)), t).map(({ actor, kind }) => ({ actor, kind }));
  play.wait(200).hear(deaf, "interrupt");
  const history = historyOf(play);
  expect(odd(history, before)).toEqual([
    { actor: failed, kind: "failed" },
    { actor: deaf, kind: "ignored" },
  ]);
  expect(odd(history, history.lastT)).toEqual([
    { actor: failed, kind: "failed" },
    { actor: deaf, kind: "ignored" },
    { actor: slow, kind: "slow" },
  ]);
});
