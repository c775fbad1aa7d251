import { describe, expect, test } from "vitest";
import { withReference } from "../client/suite/reference.ts";
import { startServer } from "../conformance/peer/server.ts";
import { proctor } from "./command.ts";

describe("a time limit", () => {
  test("a command that takes longer is ended, whatever it ignores; stderr says so, and the exit code is that of timeout(1)", async () => {
    const script = "trap '' TERM; echo begun; while :; do sleep 0.05; done";
    const result = await proctor(["run", "--time-limit", "0.3", "sh", "-c", script]);
    expect(result).toMatchObject({
      stdout: "begun\n",
      stderr: "proctor: the command was ended after its time limit of 0.3 s\n",
      exitCode: 124,
    });
  });

  test("a command that ends in time keeps its exit code", async () => {
    expect(await proctor(["run", "--time-limit=600", "sh", "-c", "exit 3"])).toMatchObject({ stderr: "", exitCode: 3 });
  });

  test("what the command has left behind is ended as well, and does not change its exit code", async () => {
    const result = await proctor(["run", "--time-limit", "0.5", "sh", "-c", "sleep 600 & exit 3"]);
    expect(result).toMatchObject({ stderr: "", exitCode: 3 });
  });

  test.each(["0", "-1", "soon", "2147484", "1e3", ""])("a limit of %j is refused", async (limit) => {
    const result = await proctor(["run", `--time-limit=${limit}`, "true"]);
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toContain("proctor: --time-limit takes seconds from 0.001 to 2147483.647");
  });
});

await withReference(() => {
  test("an executor that knows no limits is told of none: nothing runs, and stderr says why", async () => {
    await using server = await startServer("reference");
    const result = await proctor(["run", "--url", server.url, "--time-limit", "5", "echo", "ran"]);
    expect(result).toMatchObject({ stdout: "", exitCode: 125 });
    expect(result.stderr).toContain("timeLimit");
  });
});
