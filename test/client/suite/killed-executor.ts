import { describe, expect, it } from "vitest";
import { LinkFailedError } from "../../../src/index.ts";
import { killNow } from "../../conformance/peer/process-tree.ts";
import { verifies } from "../../rules/verifies.ts";
import type { Venue } from "./venue.ts";

/** What of a venue is needed here. */
export interface MortalVenue {
  readonly openMortal: NonNullable<Venue["openMortal"]>;
  /** Does a link look for a lost executor, up to its deadline? */
  readonly recovers: boolean;
}

/** The executor dies in the middle of everything. */
export function killedExecutorTests({ openMortal, recovers }: MortalVenue): void {
  describe("an executor that is killed", () => {
    it("settles everything that is pending, and every later call with the same reason (design rule 2, 03 I-18)", async () => {
      verifies("03 I-18");
      await using mortal = await openMortal();
      const { link } = mortal;
      const states: string[] = [];
      const over = new Promise<void>((complete) => {
        link.state$.subscribe({ next: ({ value }) => states.push(value), complete });
      });
      const process = await link.start(["sh", "-c", "echo $$; exec sleep 1000"], { stdin: true });
      const reader = process.output;
      const pid = Number(Buffer.from((await reader.next()).value.bytes));
      // Writes to a child that does not read: some of them are pending when the executor dies.
      const piece = new Uint8Array(1024 * 1024);
      const writes = Array.from({ length: 40 }, () => process.stdin.write(piece));
      const pending = Promise.allSettled([reader.next(), process.exited, process.closed, process.text()]);
      const written = Promise.allSettled(writes);
      await mortal.kill();

      for (const outcome of await pending) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { code: "linkFailed", effect: "unknown" } });
      }
      for (const outcome of await written) {
        if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(LinkFailedError);
      }
      await over;
      expect(states).toEqual(recovers ? ["Connected", "Recovering", "Failed"] : ["Connected", "Failed"]);
      const { message } = (await link.environmentInfo().catch((error: Error) => error)) as Error;
      expect(message).toContain(link.state.reason);
      for (const call of [
        () => link.start(["true"]),
        () => link.environmentInfo(),
        () => link.files.readFile("/etc/passwd"),
        () => process.stdin.write("x"),
        () => process.interrupt(),
        () => process.terminate(),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: "linkFailed", effect: "notApplied", message });
      }
      await expect(process.text()).rejects.toMatchObject({ code: "linkFailed" });
      await process[Symbol.asyncDispose]();
      await link.close();
      killNow(pid); // nobody is left who would
    });

    it("fails a start that is under way with an unknown effect, and one that was not sent with none", async () => {
      await using mortal = await openMortal();
      const starts = Array.from({ length: 200 }, () => mortal.link.start(["sleep", "0"]));
      const outcomes = Promise.allSettled(starts);
      await mortal.kill();
      const effects = (await outcomes).flatMap((outcome) =>
        outcome.status === "rejected" ? [outcome.reason.effect] : [],
      );
      expect(new Set(effects)).toEqual(new Set(["unknown", "notApplied"]));
    });
  });
}
