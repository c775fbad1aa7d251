import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { ConfinedExecutor, usersHere } from "./confined-executor.ts";
import vectors from "./sandbox-vectors.json" with { type: "json" };

interface AcceptanceCase {
  readonly title: string;
  readonly sandbox?: unknown;
  readonly request?: object;
  readonly accepted: boolean;
  readonly errorCode?: number;
  readonly errorMessage?: string;
}

/** A program in a place that it cannot see would run elsewhere. */
const nothingVisible = { rule: "05 SB-P6", code: -32602, message: "not visible in the sandbox" };

/** Where the executor refuses on purpose what the reference starts. */
const refusedOnPurpose: Readonly<
  Record<string, { readonly code: number; readonly message: string; readonly rule: string }>
> = {
  "arg0 together with sandbox": { rule: "05 SB-P4", code: -32602, message: "arg0 cannot be set" },
  "enforceManagedNetwork without sandbox": {
    rule: "05 SB-X1",
    code: -32602,
    message: "managed network cannot be enforced",
  },
  "enforceManagedNetwork with sandbox": {
    rule: "05 SB-X1",
    code: -32602,
    message: "managed network cannot be enforced",
  },
  "missing program is not a start error": { rule: "05 SB-P3", code: -32603, message: "No such file or directory" },
  "empty object is the legacy form": nothingVisible,
  "extra fields inside a tagged profile are ignored": nothingVisible,
  "access none": nothingVisible,
};

/** The texts of these come from parsing, which has its own words here (05 SB-J2). */
const hostTexts = /is (?:not valid on this|invalid on)|argv must|os error/;

describe.each(usersHere)("$name", ({ uid }) => {
  let executor: ConfinedExecutor;
  beforeAll(async () => {
    executor = await ConfinedExecutor.start(uid);
  });
  afterAll(() => executor[Symbol.asyncDispose]());

  test.each(vectors.parse.cases as readonly AcceptanceCase[])("acceptance: $title", async (given) => {
    verifies(
      "05 SB-J1",
      "05 SB-J2",
      "05 SB-J3",
      "05 SB-J4",
      "05 SB-J5",
      "05 SB-B1",
      "05 SB-P1",
      "05 SB-P3",
      "05 SB-P4",
    );
    verifies("05 SB-P6", "05 SB-X1");
    const { sandbox, request } = given;
    const { processId, answer } = await executor.ask({
      argv: ["/bin/true"],
      cwd: "file:///tmp",
      ...(sandbox !== undefined && { sandbox }),
      ...request,
    });
    const { accepted, errorCode, errorMessage = "" } = given;
    const ours = refusedOnPurpose[given.title];
    const expected =
      ours ?? (accepted ? null : { code: errorCode, message: hostTexts.test(errorMessage) ? errorMessage : "" });
    if (expected === null) {
      expect(answer).toEqual({ result: { processId } });
      await executor.end(processId);
      return;
    }
    expect(answer).toHaveProperty("error.rpcCode", expected.code);
    expect(answer).toHaveProperty("error.message", expect.stringContaining(expected.message));
    // The id is free.
    await executor.peer.request("process/start", {
      processId,
      argv: ["/bin/true"],
      cwd: "file:///",
      env: {},
      tty: false,
    });
    await executor.end(processId);
  });
});
