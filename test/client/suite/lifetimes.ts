import { describe, expect, it } from "vitest";
import type { LinkState } from "../../../src/index.ts";
import { LinkClosedError } from "../../../src/index.ts";
import type { Venue } from "./venue.ts";

/** Who ends what. */
export function lifetimeTests(venue: Venue): void {
  describe("lifetimes", () => {
    it("leaving the scope of a process ends it", async () => {
      await using link = await venue.open();
      let exited: Promise<{ exitCode: number }>;
      {
        await using process = await link.start(["sleep", "1000"]);
        exited = process.exited;
      }
      expect([-1, 137]).toContain((await exited).exitCode);
    });

    it("leaving the scope of a process that has ended is nothing", async () => {
      await using link = await venue.open();
      await using process = await link.start(["true"]);
      await process.closed;
    });

    it("closing a link ends its processes, rejects what is pending, and every later call (design rule 2)", async () => {
      const link = await venue.open();
      const states: LinkState["value"][] = [];
      const completed = new Promise<void>((complete) => {
        link.state$.subscribe({ next: ({ value }) => states.push(value), complete });
      });
      const process = await link.start(["sleep", "1000"], { stdin: true });
      const pending = Promise.allSettled([process.text(), process.closed]);
      await link.close();
      await completed;
      expect(states).toEqual(["Connected", "Closed"]);
      for (const outcome of await pending)
        if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(LinkClosedError);
      for (const call of [() => link.start(["true"]), () => link.environmentInfo(), () => link.files.stat("/")]) {
        const code = venue.isEnvironment === true ? "environmentUnavailable" : "linkClosed";
        await expect(call()).rejects.toMatchObject({ code, effect: "notApplied" });
      }
      for (const call of [() => process.stdin.write("x"), () => process.terminate(), () => process.interrupt()]) {
        await expect(call()).rejects.toMatchObject({ code: "linkClosed", effect: "notApplied" });
      }
      expect(link.state.value).toBe("Closed");
    });

    it("closing twice, and at the same time, is closing once", async () => {
      const link = await venue.open();
      await Promise.all([link.close(), link.close()]);
      await link.close();
      await link[Symbol.asyncDispose]();
    });

    it("a signal that is aborted already keeps a process from being started", async () => {
      await using link = await venue.open();
      const reason = new Error("not today");
      await expect(link.start(["true"], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it("a signal that is aborted during the start rejects it, and nothing is left running", async () => {
      await using link = await venue.open();
      const name = `proctor-aborted-${venue.name.replaceAll(/\W/g, "-")}`;
      const reason = new Error("never mind");
      const controller = new AbortController();
      const start = link.start(["sleep", "1000"], { arg0: name, signal: controller.signal });
      controller.abort(reason);
      await expect(start).rejects.toBe(reason);
      // The call behind it is answered when both the start and its terminate have been.
      const find = ["sh", "-c", 'while pgrep -f "^$0" > /dev/null; do sleep 0.02; done; echo gone', name];
      expect(await (await link.start(find)).text()).toBe("gone\n");
    });

    it("a signal that is aborted later terminates the process", async () => {
      await using link = await venue.open();
      const controller = new AbortController();
      const process = await link.start(["sleep", "1000"], { signal: controller.signal });
      controller.abort();
      expect([-1, 137]).toContain((await process.exited).exitCode);
    });

    it("a signal that is aborted after the end does nothing", async () => {
      await using link = await venue.open();
      const controller = new AbortController();
      const process = await link.start(["true"], { signal: controller.signal });
      await process.closed;
      controller.abort();
      expect(await process.exited).toMatchObject({ exitCode: 0 });
      expect((await link.environmentInfo()).shell).toBeDefined();
    });

    it("calls take a signal too", async () => {
      await using link = await venue.open();
      const reason = new Error("too slow");
      await expect(link.environmentInfo({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await expect(link.files.stat("/", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });
  });
}
