import { running, StagedHistory } from "./staged-history.ts";

/** Some sessions with so many processes in all, which have started, run, and mostly ended. */
export function crowd(processes: number): StagedHistory {
  const play = new StagedHistory(`a crowd of ${processes}`);
  const sessions = Array.from({ length: 12 }, (_, index) =>
    play.enter("session", `session ${index}`, { Attached: "Held" }),
  );
  for (let index = 0; index < processes; index += 1) {
    const facts = { argv: ["make", `-j${(index % 16) + 1}`, `target-${index}`], cwd: "/src", pid: 1_000 + index };
    const process = play
      .wait(1)
      .enter("process", `process p-${index}`, { Starting: "Wanted" }, { owner: sessions[index % 12] ?? 1, facts });
    play.wait(1).hear(process, "child.spawned", running());
    if (index % 3 === 0)
      play
        .wait(1)
        .hear(process, { type: "child.exited", exitCode: index % 5 === 0 ? 1 : 0 }, running({ child: "Exited" }));
  }
  return play;
}
